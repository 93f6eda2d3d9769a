"""`OpenAIChat`: any server that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, OpenAI itself).

Built by compose for `RAG_CHAT_MODEL=openai`. Importing this module loads langchain-openai, which takes
over a second: import it off the event loop.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from shared.chat_models.langchain_stream import Emit, in_pieces, receive
from shared.domain import ChatDelta, Prompt
from shared.errors import BackendTimeout, BackendUnavailable, Refused, Throttled

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
            max_retries=0,  # whoever asks decides about retries: `guarded`
            stream_usage=True,
            stream_chunk_timeout=None,  # the request's deadline is the one time-out
            http_async_client=self._http,
        )
        self._speaks_completion_tokens = urlsplit(base_url).hostname == "api.openai.com"

    @property
    def name(self) -> str:
        return self._name

    def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        return in_pieces(partial(self._request, prompt, timeout))

    async def close(self) -> None:
        await self._http.aclose()

    async def _request(self, prompt: Prompt, timeout: float, emit: Emit) -> None:
        try:
            async with asyncio.timeout(timeout):
                await receive(self._model, prompt, emit, **self._limit(prompt.max_tokens))
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
        if error.code in {"content_filter", "content_policy_violation"}:
            return Refused("the content filter of the language model refuses this question or its passages")
        if error.code == "context_length_exceeded":
            return Refused(f"the prompt is too long for {self._name}; lower RAG_CONTEXT_TOKENS")
        if status in {408, 504}:
            return BackendTimeout(f"the chat model {self._name} timed out (HTTP {status})")
        told = error.response.headers.get("retry-after")
        is_throttled = status == 429 or (status == 503 and told is not None)
        failed = Throttled if is_throttled else BackendUnavailable
        return failed(f"the chat model {self._name} answered HTTP {status}", retry_after=_seconds(told))


def _seconds(retry_after: str | None) -> float:
    """The header in its number form; its date form is not in use among these servers."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return _BUSY_RETRY_AFTER
    return max(0.0, seconds) if math.isfinite(seconds) else _BUSY_RETRY_AFTER
