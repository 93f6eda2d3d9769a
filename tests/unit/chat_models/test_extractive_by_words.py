"""The extractive model while its embedder is away or slow."""

import asyncio
import re
from collections.abc import Sequence
from time import monotonic

import pytest

from shared.chat_models.extractive import ExtractiveChatModel
from shared.domain import Embedding, Prompt
from shared.errors import BackendUnavailable
from shared.query.prompt import DONT_KNOW
from tests.unit.chat_models.test_extractive import HANDBOOK, passages


class AbsentEmbedder:
    """Fails after so many seconds."""

    name, dimension = "absent", 3

    def __init__(self, after: float = 0.0) -> None:
        self._after = after

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        await asyncio.sleep(self._after)
        raise BackendUnavailable("the embedder is away")

    async def embed_query(self, text: str) -> Embedding:
        return (await self.embed_passages([text]))[0]

    async def close(self) -> None:
        pass


async def answer(question: str, *contents: str, after: float = 0.0, timeout: float = 10.0) -> str:
    prompt = Prompt(question=question, passages=passages(*contents), messages=(), max_tokens=400)
    model = ExtractiveChatModel(AbsentEmbedder(after))
    return "".join([delta.text async for delta in model.stream(prompt, timeout=timeout)])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of annual leave does an employee have?", "27 days of annual leave. [1]"),
        ("What is the notice period of a director?", "Role: Director; Notice period: 6 months [2]"),
        ("When does the cleaning service come?", "The cleaning service comes on Fridays. [3]"),
        ("What is paid for travel?", "The following is paid: tickets; hotels; taxis. [4]"),
    ],
)
async def test_the_sentence_with_the_questions_words_is_quoted(question: str, expected: str) -> None:
    assert expected in await answer(question, *HANDBOOK)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Mongolia?",
        "How do I bake bread?",
        "How many employees work in the kitchen?",
        "Wie viele Tage Jahresurlaub hat jeder Mitarbeiter?",
        "日本の首都は？",
        "?",
    ],
)
async def test_what_the_passages_do_not_say_in_these_words_is_not_known(question: str) -> None:
    assert await answer(question, *HANDBOOK) == DONT_KNOW


async def test_a_silent_embedder_costs_half_of_the_time_at_the_most() -> None:
    began = monotonic()
    text = await answer("When does the cleaning service come?", *HANDBOOK, after=60, timeout=1.0)
    assert 0.5 <= monotonic() - began < 1.0
    assert re.search(r"Fridays\. \[3\]", text)
