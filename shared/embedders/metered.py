"""`MeteredEmbedder`: tells how many tokens were embedded and what they cost. Built by compose.

Behind the cache, so that what was embedded before is not counted again.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from shared.domain import Embedding
from shared.embedders.base import Embedder


class Embedded(Protocol):
    """Who counts: the metrics. `cost` in US dollars."""

    def __call__(self, model: str, *, tokens: int, cost: float) -> None: ...


class MeteredEmbedder:
    """`count_tokens` estimates; `price` in US dollars per million tokens."""

    def __init__(
        self, embedder: Embedder, *, count_tokens: Callable[[str], int], price: float, embedded: Embedded
    ) -> None:
        self._embedder = embedder
        self._count_tokens = count_tokens
        self._price = price
        self._embedded = embedded

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        embeddings = await self._embedder.embed_passages(texts, urgent=urgent)
        self._count(texts)
        return embeddings

    async def embed_query(self, text: str) -> Embedding:
        embedding = await self._embedder.embed_query(text)
        self._count([text])
        return embedding

    async def close(self) -> None:
        await self._embedder.close()

    def _count(self, texts: Sequence[str]) -> None:
        tokens = sum(map(self._count_tokens, texts))
        self._embedded(self._embedder.name, tokens=tokens, cost=tokens * self._price / 1e6)
