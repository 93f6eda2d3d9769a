"""`LangChainChat`: any chat model that LangChain's `init_chat_model` knows by name.

Built by compose for `RAG_CHAT_MODEL=langchain:<provider>:<model>`. The provider's key and address come from
its own environment variables, as its LangChain package documents them.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Self

from langchain.chat_models import init_chat_model
from langchain_core.exceptions import ModelAuthenticationError, ModelNotFoundError, ModelPermissionDeniedError
from langchain_core.language_models import BaseChatModel

from shared.chat_models.langchain_stream import Emit, in_pieces, receive
from shared.domain import ChatDelta, Prompt
from shared.errors import BackendTimeout, BackendUnavailable, ConfigError

_REFUSED_RETRY_AFTER = 60.0  # seconds; somebody has to change a setting first


class LangChainChat:
    """The provider's package decides about retries, within the time-out of the question."""

    def __init__(self, *, name: str, model: BaseChatModel) -> None:
        self._name = name
        self._model = model

    @classmethod
    def open(cls, name: str, *, max_tokens: int) -> Self:
        """`name`: `<provider>:<model>`. `max_tokens` of an answer, by the provider's own parameter for it.

        Errors: `ConfigError`.
        """
        try:
            model = init_chat_model(name, max_tokens=max_tokens)
        except Exception as error:  # a package, a key or the provider itself is not there
            missing = str(error).partition("\n")[0]
            raise ConfigError(f"RAG_CHAT_MODEL=langchain:{name} cannot be used: {missing}") from error
        if "stream_usage" in type(model).model_fields:  # off by itself where the address is not the vendor's
            model = model.model_copy(update={"stream_usage": True})
        return cls(name=name, model=model)

    @property
    def name(self) -> str:
        return self._name

    def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        return in_pieces(partial(self._request, prompt, timeout))

    async def close(self) -> None:
        """LangChain's models keep their connections to themselves and have nothing to close."""

    async def _request(self, prompt: Prompt, timeout: float, emit: Emit) -> None:
        try:
            async with asyncio.timeout(timeout):
                await receive(self._model, prompt, emit)
        except TimeoutError as error:
            raise BackendTimeout(f"the chat model {self._name} took longer than {timeout:.0f} s") from error
        except BackendUnavailable:
            raise
        except (ModelAuthenticationError, ModelPermissionDeniedError) as error:
            raise self._refused("refuses access; check its key in the environment") from error
        except ModelNotFoundError as error:
            raise self._refused("does not exist; check RAG_CHAT_MODEL") from error
        except Exception as error:  # each of thirty vendors has an error tree of its own
            message = f"the chat model {self._name} failed ({type(error).__name__})"
            raise BackendUnavailable(message) from error

    def _refused(self, why: str) -> BackendUnavailable:
        return BackendUnavailable(f"the chat model {self._name} {why}", retry_after=_REFUSED_RETRY_AFTER)
