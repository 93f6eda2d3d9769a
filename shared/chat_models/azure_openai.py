"""`AzureOpenAIChat`: a chat deployment of Azure OpenAI.

Built by compose for `RAG_CHAT_MODEL=azure_openai`, and once more for the smaller deployment. Importing this
module loads langchain-openai, which takes over a second: import it off the event loop.
"""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import openai
from azure.core.credentials_async import AsyncTokenCredential
from langchain_openai import AzureChatOpenAI

from shared.azure_openai_sdk import Deployment, calling_openai, sign_in
from shared.chat_models.langchain_stream import Emit, in_pieces, receive
from shared.domain import ChatDelta, Prompt

# What models want to be told the greatest length of an answer, and whether they take a temperature.
_DIALECTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("max_completion_tokens", {"temperature": 0}),
    ("max_completion_tokens", {}),  # models that reason allow no temperature but their own
    ("max_tokens", {"temperature": 0}),  # models and API versions from before September 2024
)


class AzureOpenAIChat:
    """`credential`: an identity, which stays its owner's to close, or a key."""

    def __init__(
        self,
        *,
        endpoint: str,
        deployment: str,
        api_version: str,
        credential: AsyncTokenCredential | str,
        deployment_setting: str = "AZURE_OPENAI_CHAT_DEPLOYMENT",
    ) -> None:
        self._deployment = Deployment(name=deployment, setting=deployment_setting)
        self._http = openai.DefaultAsyncHttpxClient()
        self._model = AzureChatOpenAI(
            azure_endpoint=endpoint,
            azure_deployment=deployment,
            api_version=api_version,
            max_retries=0,
            stream_usage=True,
            stream_chunk_timeout=None,  # the request's deadline is the one time-out
            http_async_client=self._http,
            **sign_in(credential),
        )
        self._dialect = 0

    @property
    def name(self) -> str:
        return self._deployment.name

    def stream(self, prompt: Prompt, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        return in_pieces(partial(self._request, prompt, timeout))

    async def close(self) -> None:
        await self._http.aclose()

    async def _request(self, prompt: Prompt, timeout: float, emit: Emit) -> None:
        async with calling_openai(self._deployment, timeout=timeout):
            await self._ask(prompt, emit)

    async def _ask(self, prompt: Prompt, emit: Emit) -> None:
        """In the dialect of the deployment's model, which may have changed since the last question."""
        for _ in _DIALECTS[1:]:
            dialect = self._dialect
            try:
                return await self._say(dialect, prompt, emit)
            except openai.BadRequestError as error:
                if not _refuses_a_parameter(error):
                    raise
            self._dialect = (dialect + 1) % len(_DIALECTS)
        return await self._say(self._dialect, prompt, emit)

    async def _say(self, dialect: int, prompt: Prompt, emit: Emit) -> None:
        limit, others = _DIALECTS[dialect]
        await receive(self._model, prompt, emit, **{limit: prompt.max_tokens}, **others)


def _refuses_a_parameter(error: openai.BadRequestError) -> bool:
    return (
        error.code in {"unsupported_parameter", "unsupported_value"}
        or "Unrecognized request argument" in error.message  # what older API versions say, without a code
    )
