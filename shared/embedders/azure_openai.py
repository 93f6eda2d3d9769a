"""`AzureOpenAIEmbedder`: an embedding deployment of Azure OpenAI.

Built by compose for `RAG_EMBEDDER=azure_openai`. Importing this module loads langchain-openai, which takes
over a second: import it off the event loop.
"""

import asyncio
import math
from collections.abc import Sequence
from contextlib import nullcontext
from operator import mul

import openai
from azure.core.credentials_async import AsyncTokenCredential
from langchain_openai import AzureOpenAIEmbeddings

from shared.azure_openai_sdk import Deployment, calling_openai, sign_in
from shared.domain import Embedding
from shared.errors import BackendUnavailable, ConfigError

_SETTING = "AZURE_OPENAI_EMBEDDING_DEPLOYMENT"
_DIMENSION = "AZURE_OPENAI_EMBEDDING_DIMENSION"

# The models take 8,191 tokens, and a token is a byte of UTF-8 or more: as many bytes always fit. Chunks are a
# tenth of that: exact counting would load a vocabulary for texts that do not come.
_TEXT_BYTES = 8_191
_LEAST_BYTES = 256  # a deployment that refuses these refuses for another reason
_BATCH_TEXTS = 64  # the service takes 2,048
_BATCH_BYTES = 64_000  # some 16,000 tokens of English: small quotas let no more through in a request
_BLANK = "."  # the service refuses a text without a character
_CALLS = 4  # of ingestion at once
_URGENT_TIMEOUT = 10.0  # seconds; somebody waits
_TIMEOUT = 60.0


class AzureOpenAIEmbedder:
    """`credential`: an identity, which stays its owner's to close, or a key.

    Of passages `_CALLS` requests are under way and the rest waits; what is urgent does not wait for them.
    A refusal is `Throttled` at once, so that who shares out the quota can slow down all.
    `ConfigError` with the first text if the deployment's embeddings have another dimension.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        deployment: str,
        api_version: str,
        dimension: int,
        credential: AsyncTokenCredential | str,
    ) -> None:
        self._deployment = Deployment(name=deployment, setting=_SETTING)
        self._dimension = dimension
        self._takes_dimension = True
        self._turns = asyncio.Semaphore(_CALLS)
        self._http = openai.DefaultAsyncHttpxClient()
        self._model = AzureOpenAIEmbeddings(
            azure_endpoint=endpoint,
            azure_deployment=deployment,
            model=deployment,
            api_version=api_version,
            check_embedding_ctx_length=False,  # which would fetch a vocabulary from the network
            max_retries=0,
            http_async_client=self._http,
            **sign_in(credential),
        )

    @property
    def name(self) -> str:
        return f"azure_openai:{self._deployment.name}"

    @property
    def dimension(self) -> int:
        return self._dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        timeout = _URGENT_TIMEOUT if urgent else _TIMEOUT
        embeddings: list[Embedding] = []
        for batch in _batches(texts):
            async with nullcontext() if urgent else self._turns:
                embeddings += await self._embed(batch, timeout)
        return embeddings

    async def embed_query(self, text: str) -> Embedding:
        return (await self.embed_passages([text], urgent=True))[0]

    async def close(self) -> None:
        await self._http.aclose()

    async def _embed(self, texts: list[bytes], timeout: float) -> list[Embedding]:
        async with calling_openai(self._deployment, timeout=timeout):
            vectors = await self._ask(texts)
        if len(vectors) != len(texts):
            raise BackendUnavailable(f"{self._deployment} embedded {len(vectors)} of {len(texts)} texts")
        return [self._checked(vector) for vector in vectors]

    async def _ask(self, texts: list[bytes]) -> list[list[float]]:
        """Learns what the deployment's model does not take, and asks again without it."""
        while True:
            takes_dimension = self._takes_dimension
            dimensions = {"dimensions": self._dimension} if takes_dimension else {}
            try:
                return await self._model.aembed_documents([text.decode() for text in texts], **dimensions)
            except openai.BadRequestError as error:
                longest = max(map(len, texts))
                if _says_too_long(error) and longest > _LEAST_BYTES:
                    texts = [_cut(text, longest // 2) for text in texts]
                elif takes_dimension and "dimensions" in error.message:
                    self._takes_dimension = False  # text-embedding-ada-002 has one, and that is checked below
                else:
                    raise

    def _checked(self, vector: list[float]) -> Embedding:
        """At unit length."""
        if len(vector) != self._dimension:
            raise ConfigError(
                f"{self._deployment} makes embeddings of {len(vector)} numbers, not {self._dimension}; set "
                f"{_DIMENSION} to {len(vector)}, or {_SETTING} to another deployment"
            )
        length = math.sqrt(sum(map(mul, vector, vector)))
        if not (math.isfinite(length) and length):
            raise BackendUnavailable(f"{self._deployment} sent an embedding without a direction")
        return vector if abs(length - 1) < 1e-6 else [value / length for value in vector]


def _batches(texts: Sequence[str]) -> list[list[bytes]]:
    """The texts as they are sent, in order, in portions that one request may have."""
    batches: list[list[bytes]] = []
    room = 0
    for text in texts:
        sent = _sent(text)
        room -= len(sent)
        if room < 0 or len(batches[-1]) == _BATCH_TEXTS:
            batches.append([])
            room = _BATCH_BYTES - len(sent)
        batches[-1].append(sent)
    return batches


def _sent(text: str) -> bytes:
    """Lone surrogates, which are no text, become question marks."""
    kept = text.strip()[:_TEXT_BYTES] or _BLANK
    return _cut(kept.encode("utf-8", "replace"), _TEXT_BYTES)


def _cut(text: bytes, limit: int) -> bytes:
    """At a character's end."""
    return text[:limit].decode("utf-8", "ignore").encode()


def _says_too_long(error: openai.BadRequestError) -> bool:
    return error.code == "context_length_exceeded" or any(
        told in error.message for told in ("maximum context length", "maximum input length")
    )
