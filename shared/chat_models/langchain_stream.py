"""From a LangChain chat model to our deltas. Called by every chat model that is built on LangChain."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from shared.domain import ChatDelta, Prompt, Usage
from shared.errors import BackendUnavailable, RagError, Refused

Emit: TypeAlias = Callable[[ChatDelta], None]

_MESSAGES: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


async def in_pieces(ask: Callable[[Emit], Awaitable[None]]) -> AsyncGenerator[ChatDelta, None]:
    """What `ask` emits, then what it raises.

    It runs in a task of its own: cancelling that strikes where it waits for the network, so that the
    connection is closed there and then. Closing nested generators would leave that to the garbage collector.
    """
    pieces: asyncio.Queue[ChatDelta | None] = asyncio.Queue()

    async def request() -> None:
        try:
            await ask(pieces.put_nowait)
        finally:
            pieces.put_nowait(None)

    task = asyncio.create_task(request())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
        await task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, RagError):
            await task


async def receive(model: BaseChatModel, prompt: Prompt, emit: Emit, **parameters: Any) -> None:
    """Emit the answer, its usage last. `parameters` go into the request as they are.

    Errors: those of the model's vendor; `BackendUnavailable` for an answer that is none.
    """
    usage: Usage | None = None
    finish: object = None
    has_words = False
    messages = [_MESSAGES[message.role](message.content) for message in prompt.messages]
    async for chunk in model.astream(messages, **parameters):
        if chunk.text:
            has_words = True
            emit(ChatDelta(text=str(chunk.text)))
        finish = chunk.response_metadata.get("finish_reason") or finish
        if told := chunk.usage_metadata:  # some vendors tell it in parts, which add up
            usage = Usage(
                prompt_tokens=(usage.prompt_tokens if usage else 0) + told["input_tokens"],
                completion_tokens=(usage.completion_tokens if usage else 0) + told["output_tokens"],
            )
    if finish == "content_filter":
        raise Refused("the content filter of the language model cut its answer off")
    if not has_words:
        cure = "; raise RAG_ANSWER_TOKENS" if finish == "length" else ""  # it thought until they were used up
        raise BackendUnavailable(f"the language model ended without a word{cure}")
    if usage is not None:
        emit(ChatDelta(usage=usage))
