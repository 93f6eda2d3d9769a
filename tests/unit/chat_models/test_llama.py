"""What a local model says is shown as far as passages carry it, one answer at a time."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from shared.chat_models.llama import LlamaChat
from shared.domain import ChatDelta, Chunk, Message, Passage, Prompt, Usage
from shared.errors import BackendTimeout, BackendUnavailable, Refused
from shared.query.prompt import DONT_KNOW
from tests.stand_ins.llama_runner import ToldRunner

TEXTS = (
    "The library is closed on public holidays. Its reading room seats forty people.",
    "Books may be returned free of charge within 30 days. Later returns cost 1.50 euros a week.",
)
QUESTION = "How long may books be returned free of charge?"


class Quoting:
    """What the passages say, by the model that quotes."""

    name = "extractive"

    def __init__(self, *said: str) -> None:
        self.said = said

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        for text in self.said:
            yield ChatDelta(text=text)
        yield ChatDelta(usage=Usage(prompt_tokens=1, completion_tokens=1))

    async def close(self) -> None:
        pass


def passage(marker: int, text: str) -> Passage:
    chunk = Chunk(
        id=f"d.1.{marker}",
        document_id="d",
        version=1,
        ordinal=marker,
        page=marker,
        title="Library rules",
        heading="",
        content=text,
    )
    return Passage(
        marker=marker, chunk=chunk, document_name="shared/rules.md", page_kind="page", score=1 / marker
    )


def prompt(question: str = QUESTION, texts: tuple[str, ...] = TEXTS) -> Prompt:
    passages = tuple(passage(marker, text) for marker, text in enumerate(texts, start=1))
    earlier = (Message(role="user", content="Hello?"), Message(role="assistant", content="Hello."))
    messages = (Message(role="system", content="…"), *earlier * 2, Message(role="user", content=question))
    return Prompt(question=question, passages=passages, messages=messages, max_tokens=200)


def llama(runner: ToldRunner, *, quotes: tuple[str, ...] = ("Any. [1]",), reads_quotations: bool = False):
    return LlamaChat(
        runner,
        name="small",
        window=1024,
        quoting=Quoting(*quotes),
        reads_quotations=reads_quotations,
    )


async def said(model: LlamaChat, asked: Prompt | None = None, timeout: float = 30.0) -> list[ChatDelta]:
    return [delta async for delta in model.stream(asked or prompt(), timeout=timeout)]


def text_of(deltas: list[ChatDelta]) -> str:
    return "".join(delta.text for delta in deltas)


async def test_each_sentence_gets_the_marker_of_the_passage_that_carries_it() -> None:
    runner = ToldRunner(
        ["Books may be ret", "urned within 30 days", ". The library is closed on public holidays."]
    )
    deltas = await said(llama(runner))
    assert text_of(deltas) == (
        "Books may be returned within 30 days. [2] The library is closed on public holidays. [1]"
    )
    assert deltas[-1].usage == Usage(prompt_tokens=100, completion_tokens=20)


async def test_a_sentence_is_said_as_soon_as_the_next_one_begins() -> None:
    runner = ToldRunner(
        ["Books may be returned within 30 days. ", "Later returns cost 1.50 euros", " a week."]
    )
    first, second, _ = await said(llama(runner))
    assert (first.text, second.text) == (
        "Books may be returned within 30 days. [2]",
        " Later returns cost 1.50 euros a week. [2]",
    )


@pytest.mark.parametrize(
    "invented",
    [
        "Books may be returned within 60 days.",
        "Books may be returned free of charge at the harbour office.",
        "Later returns cost 2.50 euros a week.",
        "The mayor opened it.",
    ],
)
async def test_what_no_passage_carries_is_left_out(invented: str) -> None:
    runner = ToldRunner([f"{invented} Later returns cost 1.50 euros a week."])
    assert text_of(await said(llama(runner))) == "Later returns cost 1.50 euros a week. [2]"


async def test_markers_of_its_own_are_not_believed() -> None:
    runner = ToldRunner(
        ["Books may be returned within 30 days [1]. Later returns cost 1.50 euros a week (passage 7)."]
    )
    assert text_of(await said(llama(runner))) == (
        "Books may be returned within 30 days. [2] Later returns cost 1.50 euros a week. [2]"
    )


async def test_where_nothing_is_carried_somebody_else_is_to_answer() -> None:
    with pytest.raises(Refused, match="stands in no passage"):
        await said(llama(ToldRunner(["The mayor knows."])))


async def test_where_nothing_can_be_quoted_nothing_is_written() -> None:
    runner = ToldRunner(["Books may be returned within 30 days."])
    assert text_of(await said(llama(runner, quotes=(DONT_KNOW,)))) == DONT_KNOW
    assert not runner.requests


async def test_a_tiny_model_reads_what_is_quoted_and_no_more() -> None:
    runner = ToldRunner(["Books may be returned within 30 days."])
    quotes = ("Books may be returned free of charge within 30 days. [2]",)
    assert "[2]" in text_of(await said(llama(runner, quotes=quotes, reads_quotations=True)))
    read = runner.requests[0]["messages"][0]["content"]
    assert "free of charge within 30 days" in read
    assert "1.50" not in read
    assert "reading room" not in read


async def test_it_is_told_the_last_turn_and_the_question() -> None:
    runner = ToldRunner(["Books may be returned within 30 days."])
    await said(llama(runner))
    assert [each["role"] for each in runner.requests[0]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert runner.requests[0]["messages"][-1]["content"] == QUESTION
    assert runner.requests[0]["max_tokens"] == 200


async def test_as_many_passages_are_read_as_fit_into_the_window() -> None:
    texts = ("Books may be returned within 30 days.", *("word " * 200 for _ in range(8)))
    runner = ToldRunner(["Books may be returned within 30 days."], too_long=(0.5,))
    assert "[1]" in text_of(await said(llama(runner), prompt(texts=texts)))
    sizes = [each["messages"][0]["content"].count("<passage") for each in runner.requests]
    assert sizes[0] > sizes[1] >= 1


async def test_what_never_fits_is_refused_with_the_setting() -> None:
    runner = ToldRunner([], too_long=(0.5,) * 9)
    with pytest.raises(Refused, match="LOCAL_LLM_CONTEXT"):
        await said(llama(runner))


async def test_an_error_of_the_runtime_is_an_outage() -> None:
    with pytest.raises(BackendUnavailable, match="small failed: no memory"):
        await said(llama(ToldRunner([], error="no memory")))


async def test_answers_are_written_one_at_a_time_and_the_queue_is_short() -> None:
    runner = ToldRunner(None)
    model = llama(runner)
    asked = [asyncio.create_task(said(model)) for _ in range(6)]
    done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert [str(task.exception()) for task in done] == ["the local model has too many questions waiting"]
    assert runner.most_running == 1
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert runner.running == 0


async def test_whoever_is_asked_for_too_long_is_stopped() -> None:
    runner = ToldRunner(None)
    with pytest.raises(BackendTimeout):
        await said(llama(runner), timeout=0.05)
    assert runner.running == 0


async def test_leaving_early_stops_the_work_and_makes_room() -> None:
    runner = ToldRunner(["Books may be returned within 30 days. ", "Later returns cost 1.50 euros a week."])
    model = llama(runner)
    stream = model.stream(prompt(), timeout=30)
    await anext(stream)
    await stream.aclose()
    assert runner.running == 0
    assert "[2]" in text_of(await said(model))
    await model.close()
    assert runner.is_closed
