"""`GuardedEmbedder`: an embedder elsewhere, behind a breaker. Built by compose."""

from collections.abc import Sequence
from functools import partial

from shared.breaker import Guard
from shared.domain import Embedding
from shared.embedders.base import Embedder


class GuardedEmbedder:
    """What is urgent gets `timeout` seconds and is asked for once more; ingestion has retries of its own."""

    def __init__(self, embedder: Embedder, guard: Guard, *, timeout: float) -> None:
        self._embedder = embedder
        self._guard = guard
        self._timeout = timeout

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        if not urgent:
            return await self._embedder.embed_passages(texts)
        ask = partial(self._embedder.embed_passages, texts, urgent=True)
        return await self._guard.ask(ask, timeout=self._timeout)

    async def embed_query(self, text: str) -> Embedding:
        return await self._guard.ask(partial(self._embedder.embed_query, text), timeout=self._timeout)

    async def close(self) -> None:
        await self._embedder.close()
