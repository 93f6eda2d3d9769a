import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic

import pytest

from shared.chat_models.openai_compatible import OpenAIChat
from shared.domain import ChatDelta, Message, Prompt, Usage
from shared.errors import BackendTimeout, BackendUnavailable
from tests.stand_ins.openai_server import MODEL, OpenAIServer

PROMPT = Prompt(
    question="Are returns free?",
    passages=(),
    messages=(
        Message(role="system", content="Answer from the passages."),
        Message(role="user", content="Hello"),
        Message(role="assistant", content="Good day."),
        Message(role="user", content="Are returns free?"),
    ),
    max_tokens=77,
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[OpenAIChat]:
    model = OpenAIChat(base_url=server.url, api_key="secret", model=MODEL)
    yield model
    await model.close()


async def answer(model: OpenAIChat, timeout: float = 10) -> list[ChatDelta]:
    return [delta async for delta in model.stream(PROMPT, timeout=timeout)]


async def test_the_answer_arrives_in_pieces_and_ends_with_its_usage(
    server: OpenAIServer, model: OpenAIChat
) -> None:
    deltas = await answer(model)
    assert "".join(delta.text for delta in deltas) == server.behaviour.answer
    assert len(deltas) > 3
    assert deltas[-1] == ChatDelta(usage=Usage(prompt_tokens=10, completion_tokens=7))


async def test_the_first_piece_arrives_while_the_server_still_writes(
    server: OpenAIServer, model: OpenAIChat
) -> None:
    server.behave(stall_after=1)
    stream = model.stream(PROMPT, timeout=10)
    async with asyncio.timeout(5):
        assert (await anext(stream)).text == "Returns"
    await stream.aclose()


async def test_the_whole_conversation_is_sent_with_a_token_limit_every_dialect_knows(
    server: OpenAIServer, model: OpenAIChat
) -> None:
    await answer(model)
    (request,) = server.requests
    assert [(message["role"], message["content"]) for message in request["messages"]] == [
        (message.role, message.content) for message in PROMPT.messages
    ]
    assert request["max_tokens"] == 77
    assert request["temperature"] == 0
    assert request["stream_options"] == {"include_usage": True}


async def test_servers_without_usage_or_with_empty_choices_are_understood(
    server: OpenAIServer, model: OpenAIChat
) -> None:
    server.behave(has_usage=False, has_empty_choices=True)
    deltas = await answer(model)
    assert "".join(delta.text for delta in deltas) == server.behaviour.answer
    assert all(delta.usage is None for delta in deltas)


async def test_closing_the_iterator_hangs_up_within_a_second(server: OpenAIServer, model: OpenAIChat) -> None:
    server.behave(token_delay=0.02, answer="word " * 2_000)
    stream = model.stream(PROMPT, timeout=60)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(server.client_left.wait, 1)


async def test_cancelling_whoever_waits_hangs_up_before_the_first_token(
    server: OpenAIServer, model: OpenAIChat
) -> None:
    server.behave(first_token_delay=60)
    waiting = asyncio.create_task(answer(model))
    async with asyncio.timeout(5):
        while not server.requests:
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(server.client_left.wait, 1)


@pytest.mark.parametrize("slow", [{"first_token_delay": 60}, {"stall_after": 2}])
async def test_a_silent_server_is_a_timeout_at_the_deadline(
    server: OpenAIServer, model: OpenAIChat, slow: dict[str, float]
) -> None:
    server.behave(**slow)
    started = monotonic()
    with pytest.raises(BackendTimeout):
        await answer(model, timeout=0.3)
    assert monotonic() - started < 2
    assert await asyncio.to_thread(server.client_left.wait, 1)


@pytest.mark.parametrize(
    ("behaviour", "message", "retry_after"),
    [
        ({"status": 429, "retry_after": "17"}, "HTTP 429", 17),
        ({"status": 429, "retry_after": "soon"}, "HTTP 429", 5),
        ({"status": 500}, "HTTP 500", 5),
        ({"status": 503, "retry_after": "2"}, "HTTP 503", 2),
        ({"status": 400}, "HTTP 400", 5),
        ({"api_key": "another"}, "OPENAI_API_KEY", 60),
        ({"status": 404}, "OPENAI_CHAT_MODEL", 60),
        ({"reset_after": 0}, "hung up", 5),
        ({"reset_after": 3}, "hung up", 5),
        ({"error_after": 3}, "broke off", 5),
        ({"body": "<html>Welcome</html>"}, "OPENAI_BASE_URL", 5),
        ({"body": "data: {nonsense\n\n"}, "OPENAI_BASE_URL", 5),
    ],
)
async def test_every_failure_of_the_server_has_its_own_message(
    server: OpenAIServer, model: OpenAIChat, behaviour: dict[str, object], message: str, retry_after: float
) -> None:
    server.behave(**behaviour)
    with pytest.raises(BackendUnavailable, match=message) as caught:
        await answer(model)
    assert caught.value.retry_after == retry_after
    assert len(server.requests) == 1, "there is one retry layer, and it is not here"


async def test_nobody_listening_is_unavailable(server: OpenAIServer) -> None:
    model = OpenAIChat(base_url="http://127.0.0.1:9/v1", api_key="", model=MODEL)
    with pytest.raises(BackendUnavailable, match="OPENAI_BASE_URL"):
        await answer(model)
    await model.close()
