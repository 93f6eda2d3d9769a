import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.chat_models.extractive import ExtractiveChatModel
from shared.domain import Chunk, Message, Passage, Prompt
from shared.embedders.onnx import OnnxEmbedder
from shared.query.prompt import DONT_KNOW
from tests.stand_ins.weights import multilingual_weights, weights  # noqa: F401 - fixtures

pytestmark = pytest.mark.embedder

LEAVE = """## Leave

Every employee has 27 days of annual leave. Five days may be carried over into the next year.
The leave is requested in the staff portal [7]."""
NOTICE = "| Role | Notice period |\n|---|---|\n| Assistant | 2 weeks |\n| Director | 6 months |"
KITCHEN = """## Kitchen

Please empty the dishwasher. Is the milk empty? The cleaning service comes on Fridays."""
TRAVEL = """## Travel

Trains are preferred to flights below 600 km. The following is paid:
- tickets
- hotels
- taxis
"""
HANDBOOK = (LEAVE, NOTICE, KITCHEN, TRAVEL)


@pytest.fixture(scope="module", params=["weights", "multilingual_weights"], ids=["minilm", "e5"])
def model(request: pytest.FixtureRequest) -> Iterator[ExtractiveChatModel]:
    folder: Path = request.getfixturevalue(request.param)
    embedder = OnnxEmbedder(folder, threads=1)
    yield ExtractiveChatModel(embedder)
    asyncio.run(embedder.close())


def passages(*contents: str) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            marker=number,
            chunk=Chunk(
                id=f"d.1.{number}",
                document_id="d",
                version=1,
                ordinal=number,
                page=1,
                title="Staff handbook",
                heading="",
                content=content,
            ),
            document_name="shared/handbook.md",
            page_kind="section",
            score=1 / number,
        )
        for number, content in enumerate(contents, start=1)
    )


async def answer(model: ExtractiveChatModel, question: str, *contents: str, max_tokens: int = 400) -> str:
    prompt = Prompt(question=question, passages=passages(*contents), messages=(), max_tokens=max_tokens)
    return "".join([delta.text async for delta in model.stream(prompt, timeout=30)])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of annual leave does an employee have?", "27 days of annual leave. [1]"),
        ("What is the notice period of a director?", "Role: Director; Notice period: 6 months [2]"),
        ("When does the cleaning service come?", "The cleaning service comes on Fridays. [3]"),
        ("What is paid for travel?", "The following is paid: tickets; hotels; taxis. [4]"),
    ],
)
async def test_the_sentence_that_answers_is_quoted_with_its_passage(
    model: ExtractiveChatModel, question: str, expected: str
) -> None:
    assert expected in await answer(model, question, *HANDBOOK)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Mongolia?",
        "How do I bake bread?",
        "Wer hat die Glühbirne erfunden?",
        "日本の首都は？",
        "?",
    ],
)
async def test_what_the_passages_do_not_say_is_not_known(model: ExtractiveChatModel, question: str) -> None:
    assert await answer(model, question, *HANDBOOK) == DONT_KNOW


@pytest.mark.parametrize("contents", [(), ("",), ("# Only a heading",), ("* * *\n\n---",)])
async def test_passages_without_a_sentence_answer_nothing(
    model: ExtractiveChatModel, contents: tuple[str, ...]
) -> None:
    assert await answer(model, "How many days of leave are there?", *contents) == DONT_KNOW


async def test_text_that_looks_like_a_marker_cites_nothing(model: ExtractiveChatModel) -> None:
    text = await answer(model, "Where is the leave requested?", *HANDBOOK)
    assert "staff portal (7). [1]" in text
    assert set(re.findall(r"\[(\d+)\]", text)) <= {"1", "2", "3", "4"}


async def test_the_same_statement_is_not_said_twice(model: ExtractiveChatModel) -> None:
    again = "Every employee has 27 days of annual leave."
    text = await answer(model, "How many days of annual leave are there?", LEAVE, again, f"Note: {again}")
    assert text.count("27 days") == 1


async def test_an_answer_has_at_most_four_sentences(model: ExtractiveChatModel) -> None:
    many = " ".join(f"Rule {number} says that annual leave needs form {number}." for number in range(40))
    text = await answer(model, "Which form does annual leave need?", many)
    assert 1 <= len(re.findall(r"\[1\]", text)) <= 4


async def test_an_answer_keeps_within_its_tokens(model: ExtractiveChatModel) -> None:
    text = await answer(model, "How many days of annual leave are there?", *HANDBOOK, max_tokens=20)
    assert len(text) <= 20 * 4 + 4


async def test_a_question_in_another_language_finds_its_answer_with_the_multilingual_model(
    multilingual_weights: Path,  # noqa: F811
) -> None:
    embedder = OnnxEmbedder(multilingual_weights, threads=1)
    model = ExtractiveChatModel(embedder)
    assert "27 days" in await answer(model, "Wie viele Tage Jahresurlaub hat jeder Mitarbeiter?", *HANDBOOK)
    assert "Fridays" in await answer(model, "¿Qué día viene el servicio de limpieza?", *HANDBOOK)
    await embedder.close()


async def test_a_follow_up_is_read_with_the_question_before_it(model: ExtractiveChatModel) -> None:
    prompt = Prompt(
        question="And of an assistant?",
        passages=passages(*HANDBOOK),
        messages=(
            Message(role="user", content="What is the notice period of a director?"),
            Message(role="assistant", content="Six months."),
            Message(role="user", content="And of an assistant?"),
        ),
        max_tokens=400,
    )
    text = "".join([delta.text async for delta in model.stream(prompt, timeout=30)])
    assert "Role: Assistant; Notice period: 2 weeks [2]" in text
