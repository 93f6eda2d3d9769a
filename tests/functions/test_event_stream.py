import asyncio
import json
from contextlib import aclosing

import anyio
import pytest

from functions.chat_turns import ChatMessage, question_of
from functions.event_stream import encode, with_heartbeat
from shared.errors import InvalidRequest


def test_line_ends_in_data_do_not_end_the_event() -> None:
    encoded = encode("delta", {"text": "a\nb\r\n\u2028ü"}).decode()
    assert encoded.count("\n") == 3
    assert encoded.startswith("event: delta\ndata: ")
    assert json.loads(encoded.split("data: ", 1)[1]) == {"text": "a\nb\r\n\u2028ü"}


async def test_silence_is_filled_with_heartbeats_and_loses_no_item() -> None:
    go_on = asyncio.Event()

    async def items():
        yield 1
        await go_on.wait()
        yield 2

    seen = []
    async for item in with_heartbeat(items(), every=0.01):
        seen.append(item)
        if item is None:
            go_on.set()
    assert [item for item in seen if item is not None] == [1, 2]
    assert None in seen


async def test_closing_the_stream_cancels_the_work_behind_it() -> None:
    cancelled = asyncio.Event()

    async def items():
        yield 1
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    stream = with_heartbeat(items(), every=0.01)
    assert await anext(stream) == 1
    assert await anext(stream) is None
    await stream.aclose()
    assert cancelled.is_set()


async def test_a_client_that_leaves_in_the_middle_of_work_ends_it_in_order() -> None:
    cleaned_up = []

    async def items():
        yield 1
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # cleaning up takes a turn of the loop, as closing a connection does
            cleaned_up.append(True)

    async def read() -> None:
        async with aclosing(with_heartbeat(items())) as stream:
            async for _ in stream:
                reading.set()

    reading = asyncio.Event()
    async with anyio.create_task_group() as group:  # as the server's response does
        group.start_soon(read)
        await reading.wait()
        group.cancel_scope.cancel()
    assert cleaned_up == [True]


async def test_an_error_in_the_items_comes_through() -> None:
    async def items():
        yield 1
        raise ValueError("broken")

    stream = with_heartbeat(items())
    assert await anext(stream) == 1
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


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
