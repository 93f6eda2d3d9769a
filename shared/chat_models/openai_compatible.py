"""`OpenAIChat`: any server that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, OpenAI itself).

Built by compose for `RAG_CHAT_MODEL=openai`. Importing this module loads langchain-openai, which takes
over a second: import it off the event loop.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from shared.domain import ChatDelta, Prompt, Usage
from shared.errors import BackendTimeout, BackendUnavailable, RagError

_MESSAGES: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}
_BUSY_RETRY_AFTER = 5.0  # seconds, where the server names none
_REFUSED_RETRY_AFTER = 60.0  # somebody has to change a setting first


class OpenAIChat:
    """`base_url` ends in `/v1`. A `temperature` of None leaves the choice to the server."""

    def __init__(self, *, base_url: str, api_key: str, model: str, temperature: float | None = 0.0) -> None:
        self._name = model
        self._http = openai.DefaultAsyncHttpxClient()
        self._model = ChatOpenAI(
            base_url=base_url,
            api_key=SecretStr(api_key or "none"),  # local servers want no key, but the client insists
            model=model,
            temperature=temperature,
            max_retries=0,  # whoever asks decides about retries: query.degrade
            stream_usage=True,
            stream_chunk_timeout=None,  # the request's deadline is the one time-out
            http_async_client=self._http,
        )
        self._speaks_completion_tokens = urlsplit(base_url).hostname == "api.openai.com"

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        # The request runs in a task of its own: cancelling it strikes where it waits for the network, so
        # that the connection is closed there and then. Closing the nested generators would leave that
        # to the garbage collector.
        pieces: asyncio.Queue[ChatDelta | None] = asyncio.Queue()
        request = asyncio.create_task(self._request(prompt, timeout, pieces))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await request
        finally:
            request.cancel()
            with suppress(asyncio.CancelledError, RagError):
                await request

    async def close(self) -> None:
        await self._http.aclose()

    async def _request(self, prompt: Prompt, timeout: float, pieces: asyncio.Queue[ChatDelta | None]) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._receive(prompt, pieces)
        except TimeoutError as error:
            raise BackendTimeout(f"the chat model {self._name} took longer than {timeout:.0f} s") from error
        except openai.APIStatusError as error:
            raise self._refused(error) from error
        except openai.APIConnectionError as error:
            raise BackendUnavailable(
                "the chat model is out of reach or hung up; check OPENAI_BASE_URL"
            ) from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise BackendUnavailable(f"the chat model {self._name} broke off its answer") from error
        except (ValueError, TypeError, KeyError) as error:  # what its parsers raise for other people's JSON
            message = "the chat model's server does not speak OpenAI's chat completions"
            raise BackendUnavailable(f"{message}; check OPENAI_BASE_URL") from error
        finally:
            pieces.put_nowait(None)

    async def _receive(self, prompt: Prompt, pieces: asyncio.Queue[ChatDelta | None]) -> None:
        usage: Usage | None = None
        messages = [_MESSAGES[message.role](message.content) for message in prompt.messages]
        async for chunk in self._model.astream(messages, **self._limit(prompt.max_tokens)):
            if chunk.text:
                pieces.put_nowait(ChatDelta(text=str(chunk.text)))
            if chunk.usage_metadata:
                usage = Usage(
                    prompt_tokens=chunk.usage_metadata["input_tokens"],
                    completion_tokens=chunk.usage_metadata["output_tokens"],
                )
        if usage is not None:
            pieces.put_nowait(ChatDelta(usage=usage))

    def _limit(self, max_tokens: int) -> dict[str, Any]:
        """OpenAI renamed `max_tokens` and refuses the old name; others ignore the new one."""
        if self._speaks_completion_tokens:
            return {"max_tokens": max_tokens}  # langchain sends it under the new name
        return {"extra_body": {"max_tokens": max_tokens}}

    def _refused(self, error: openai.APIStatusError) -> BackendUnavailable:
        status = error.status_code
        if status in {401, 403}:
            return BackendUnavailable(
                "the chat model's server refuses the key; check OPENAI_API_KEY",
                retry_after=_REFUSED_RETRY_AFTER,
            )
        if status == 404:
            return BackendUnavailable(
                f"the server knows no chat model {self._name}; check OPENAI_CHAT_MODEL and OPENAI_BASE_URL",
                retry_after=_REFUSED_RETRY_AFTER,
            )
        if status in {408, 504}:
            return BackendTimeout(f"the chat model {self._name} timed out (HTTP {status})")
        return BackendUnavailable(
            f"the chat model {self._name} answered HTTP {status}",
            retry_after=_seconds(error.response.headers.get("retry-after")),
        )


def _seconds(retry_after: str | None) -> float:
    """The header in its number form; its date form is not in use among these servers."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return _BUSY_RETRY_AFTER
    return max(0.0, seconds) if math.isfinite(seconds) else _BUSY_RETRY_AFTER
