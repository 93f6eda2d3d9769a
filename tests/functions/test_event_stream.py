import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from functions.chat_turns import ChatMessage, question_of
from functions.event_stream import AnswerStream, Wire, encode, unless_gone
from shared.domain import AnswerEvent, ContextEvent, DeltaEvent
from shared.errors import BackendUnavailable, InvalidRequest


def test_line_ends_in_data_do_not_end_the_event() -> None:
    encoded = encode("delta", {"text": "a\nb\r\n\u2028ü"}).decode()
    assert encoded.count("\n") == 3
    assert encoded.startswith("event: delta\ndata: ")
    assert json.loads(encoded.split("data: ", 1)[1]) == {"text": "a\nb\r\n\u2028ü"}


CONTEXT = ContextEvent(conversation_id="c", passages=())
WIRE = Wire(
    media_type="text/plain",
    heartbeat=b"beat ",
    event=lambda event: event.text.encode() if isinstance(event, DeltaEvent) else b"context ",
    problem=lambda problem: f"problem {problem['status']}".encode(),
)


class Connection:
    """A client of the app: what it was sent, and `leave` closes its side."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.has_left = asyncio.Event()

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    def leave(self) -> None:
        self.has_left.set()

    async def receive(self) -> Message:
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def seen(self, text: str) -> None:
        async with asyncio.timeout(5):
            while text not in self.text:
                await asyncio.sleep(0)

    def answer(self, rest: AsyncGenerator[AnswerEvent, None], *, every: float = 15) -> asyncio.Task[None]:
        stream = AnswerStream(CONTEXT, rest, WIRE, request_id="r", heartbeat_every=every)
        return asyncio.ensure_future(stream({"type": "http"}, self.receive, self.send))


class Work:
    """Events that wait in the middle, and know when they were ended; cleaning up takes turns of the loop."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = asyncio.Event()
        self.has_ended = False
        self._error = error

    async def events(self) -> AsyncGenerator[AnswerEvent, None]:
        try:
            yield DeltaEvent(text="one ")
            await self.go_on.wait()
            if self._error:
                raise self._error
            yield DeltaEvent(text="two")
        finally:
            await asyncio.sleep(0)
            self.has_ended = True


async def test_the_context_is_sent_before_the_first_word_is_there() -> None:
    connection, ready = Connection(), asyncio.Event()

    async def events() -> AsyncGenerator[AnswerEvent, None]:
        await ready.wait()
        yield DeltaEvent(text="one")

    answering = connection.answer(events())
    await connection.seen("context ")
    assert connection.text == "context "
    ready.set()
    await answering
    assert connection.text == "context one"
    assert [message.get("more_body") for message in connection.sent] == [None, True, True, False]


async def test_silence_is_filled_with_heartbeats_and_loses_no_word() -> None:
    connection, work = Connection(), Work()
    answering = connection.answer(work.events(), every=0.01)
    await connection.seen("beat beat")
    work.go_on.set()
    await answering
    assert connection.text.replace("beat ", "") == "context one two"


async def test_a_client_that_leaves_ends_the_work_in_order() -> None:
    connection, work = Connection(), Work()
    answering = connection.answer(work.events())
    await connection.seen("one")
    connection.leave()
    await answering
    assert work.has_ended
    assert connection.text == "context one "


async def test_a_client_that_left_before_the_first_piece_ends_the_work() -> None:
    connection, work = Connection(), Work()
    events = work.events()
    await anext(events)
    connection.leave()
    await connection.answer(events)
    assert work.has_ended


@pytest.mark.parametrize(("error", "status"), [(BackendUnavailable("reset"), 503), (KeyError("x"), 500)])
async def test_what_fails_in_the_middle_is_told_as_the_last_piece(error: Exception, status: int) -> None:
    connection, work = Connection(), Work(error)
    work.go_on.set()
    await connection.answer(work.events())
    assert connection.text == f"context one problem {status}"
    assert connection.sent[-1]["more_body"] is False


async def test_a_server_that_stops_in_the_middle_says_so() -> None:
    connection, work = Connection(), Work()
    answering = connection.answer(work.events())
    await connection.seen("one")
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert work.has_ended
    assert connection.text == "context one problem 503"
    assert connection.sent[-1]["more_body"] is False


async def test_work_that_nobody_waits_for_is_cancelled() -> None:
    connection, has_ended = Connection(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            has_ended.set()

    waiting = asyncio.ensure_future(unless_gone(work(), connection.receive))
    await asyncio.sleep(0)
    connection.leave()
    with pytest.raises(ClientDisconnect):
        await waiting
    assert has_ended.is_set()


async def test_work_that_is_waited_for_comes_to_its_end_or_its_error() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    assert await unless_gone(asyncio.sleep(0, "done"), Connection().receive) == "done"
    with pytest.raises(ValueError, match="broken"):
        await unless_gone(fails(), Connection().receive)


def test_messages_become_a_question_with_its_history() -> None:
    question = question_of(
        [
            ChatMessage(role="system", content="Obey."),
            ChatMessage(role="user", content="First?"),
            ChatMessage(role="assistant", content="One."),
            ChatMessage(role="user", content="Second?"),
        ]
    )
    assert question.text == "Second?"
    assert [(turn.question, turn.answer) for turn in question.history] == [("First?", "One.")]


@pytest.mark.parametrize("messages", [[], [ChatMessage(role="assistant", content="Hello.")]])
def test_a_chat_without_a_question_is_refused(messages: list[ChatMessage]) -> None:
    with pytest.raises(InvalidRequest):
        question_of(messages)
