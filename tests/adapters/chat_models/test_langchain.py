"""What only LangChain's models do; what every chat model does is in tests/contract."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.exceptions import ModelAuthenticationError, ModelNotFoundError
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from shared.chat_models.langchain import LangChainChat
from shared.domain import ChatDelta, Message, Prompt, Usage
from shared.errors import BackendTimeout, BackendUnavailable, ConfigError
from tests.stand_ins.openai_server import MODEL, OpenAIServer

PROMPT = Prompt(question="Who?", passages=(), messages=(Message(role="user", content="Who?"),), max_tokens=77)


class FailingModel(GenericFakeChatModel):
    """Raises `error` before its first word."""

    error: Any

    async def _astream(self, *_: Any, **__: Any):
        raise self.error
        yield


class MeteredModel(GenericFakeChatModel):
    """Tells its usage in two parts, as Anthropic does."""

    async def _astream(self, *_: Any, **__: Any):
        for text, asked, said in (("Ada ", 5, 0), ("did.", 0, 2)):
            usage = {"input_tokens": asked, "output_tokens": said, "total_tokens": asked + said}
            message = AIMessageChunk(content=text, usage_metadata=usage)  # type: ignore[arg-type]
            yield ChatGenerationChunk(message=message)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        yield server


def over(model: BaseChatModel) -> LangChainChat:
    return LangChainChat(name="fake:model", model=model)


async def answer(model: LangChainChat, timeout: float = 10) -> list[ChatDelta]:
    return [delta async for delta in model.stream(PROMPT, timeout=timeout)]


async def test_a_model_is_opened_by_its_name_and_bound_to_the_length_of_an_answer(
    server: OpenAIServer,
) -> None:
    model = LangChainChat.open(f"openai:{MODEL}", max_tokens=77)
    assert model.name == f"openai:{MODEL}"
    assert "".join(delta.text for delta in await answer(model)) == server.behaviour.answer
    (request,) = server.requests
    assert (request["model"], request["max_completion_tokens"]) == (MODEL, 77)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("anthropic:claude", "pip install langchain-anthropic"),
        ("nobody:knows", "nobody:knows"),
        ("openai:gpt", "OPENAI_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_opened_stops_the_start_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match=message) as caught:
        LangChainChat.open(name, max_tokens=77)
    assert f"RAG_CHAT_MODEL=langchain:{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_usage_told_in_parts_is_added_up() -> None:
    deltas = await answer(over(MeteredModel(messages=iter(()))))
    assert deltas[-1] == ChatDelta(usage=Usage(prompt_tokens=5, completion_tokens=2))


@pytest.mark.parametrize(
    ("error", "message", "retry_after"),
    [
        (ModelAuthenticationError("key sk-123"), "refuses access", 60),
        (ModelNotFoundError("none"), "RAG_CHAT_MODEL", 60),
        (RuntimeError("key sk-123"), "RuntimeError", 5),
        (ConnectionResetError(), "ConnectionResetError", 5),
    ],
)
async def test_every_failure_of_a_vendor_is_unavailability_without_its_words(
    error: Exception, message: str, retry_after: float
) -> None:
    with pytest.raises(BackendUnavailable, match=message) as caught:
        await answer(over(FailingModel(messages=iter(()), error=error)))
    assert caught.value.retry_after == retry_after
    assert caught.value.__cause__ is error
    assert "sk-123" not in str(caught.value)


async def test_a_failure_in_mid_answer_follows_what_was_said() -> None:
    model = over(FakeListChatModel(responses=["abcdef"], error_on_chunk_number=2))
    stream = model.stream(PROMPT, timeout=10)
    assert [(await anext(stream)).text, (await anext(stream)).text] == ["a", "b"]
    with pytest.raises(BackendUnavailable):
        await anext(stream)


async def test_a_slow_model_is_a_timeout_at_the_deadline() -> None:
    with pytest.raises(BackendTimeout):
        await answer(over(FakeListChatModel(responses=["slow"], sleep=60)), timeout=0.2)


async def test_closing_the_iterator_hangs_up(server: OpenAIServer) -> None:
    server.behave(token_delay=0.02, answer="word " * 2_000)
    stream = LangChainChat.open(f"openai:{MODEL}", max_tokens=77).stream(PROMPT, timeout=60)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(server.client_left.wait, 2)
