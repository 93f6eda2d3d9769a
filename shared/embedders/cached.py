"""`CachedEmbedder`: a passage or a question that was embedded before is not embedded again.

Built by compose around another embedder. A passage is known by the hash of its text, whichever document
it comes from: the same bytes under two names, or all but one sentence of a new version, cost nothing.
"""

import asyncio
import hashlib
import math
import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from shared.caches.base import Cache
from shared.domain import Embedding
from shared.embedders.base import Embedder

_BATCH = 64  # texts: one round trip to the cache, and the most that a kill loses


What: TypeAlias = Literal["passages", "questions"]


def nobody(_what: What, _hits: int, _misses: int) -> None:
    """Counts nothing."""


class CachedEmbedder:
    """Passages that are urgent go past the cache, which stays its owner's to close.

    `ttl` in seconds. Of callers that want the same text at once one has it embedded and the others wait;
    where that one fails or is cancelled, another takes over. `looked_up` is told how many were found and
    how many had to be embedded.
    """

    def __init__(
        self,
        embedder: Embedder,
        cache: Cache,
        *,
        ttl: float,
        looked_up: Callable[[What, int, int], None] = nobody,
    ) -> None:
        self._embedder = embedder
        self._cache = cache
        self._ttl = ttl
        self._looked_up = looked_up
        self._making: dict[str, asyncio.Future[Embedding | None]] = {}  # None: it failed; somebody else may

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        if urgent:
            return await self._embedder.embed_passages(texts, urgent=True)
        embeddings: list[Embedding] = []
        for start in range(0, len(texts), _BATCH):
            embeddings += await self._embed("passages", texts[start : start + _BATCH])
        return embeddings

    async def embed_query(self, text: str) -> Embedding:
        """Rounded as the cache keeps it, so that a question finds the same passages each time."""
        return (await self._embed("questions", [text]))[0]

    async def close(self) -> None:
        await self._embedder.close()

    async def _embed(self, what: What, texts: Sequence[str]) -> list[Embedding]:
        keys = [self._key(what, text) for text in texts]
        wanted = dict(zip(keys, texts, strict=True))
        found: dict[str, Embedding] = {}
        while missing := wanted.keys() - found.keys():
            others = {key: self._making[key] for key in missing if key in self._making}
            if ours := {key: text for key, text in wanted.items() if key in missing - others.keys()}:
                found |= await self._make(what, ours)
            for key, making in others.items():
                made = await asyncio.shield(making)  # a caller that leaves does not take it from the others
                if made is not None:
                    found[key] = made
        return [found[key] for key in keys]

    async def _make(self, what: What, wanted: Mapping[str, str]) -> dict[str, Embedding]:
        """From the cache or anew; meanwhile other callers wait for these."""
        futures = {key: asyncio.get_running_loop().create_future() for key in wanted}
        self._making |= futures
        known: dict[str, Embedding] = {}
        try:
            known |= await self._look_up(list(wanted))
            missing = [key for key in wanted if key not in known]
            self._looked_up(what, len(known), len(missing))
            if missing:
                made = await self._made(what, [wanted[key] for key in missing])
                known |= zip(missing, made, strict=True)
                await self._cache.set_many({key: _packed(known[key]) for key in missing}, ttl=self._ttl)
        finally:
            for key, future in futures.items():
                del self._making[key]
                future.set_result(known.get(key))
        return known

    async def _look_up(self, keys: list[str]) -> dict[str, Embedding]:
        found: dict[str, Embedding] = {}
        for key, value in zip(keys, await self._cache.get_many(keys), strict=True):
            embedding = _unpacked(value or b"", self.dimension)
            if embedding is not None:
                found[key] = embedding
        return found

    async def _made(self, what: What, texts: list[str]) -> Sequence[Embedding]:
        if what == "passages":
            return await self._embedder.embed_passages(texts)
        embeddings = [await self._embedder.embed_query(text) for text in texts]
        return [_unpacked(_packed(embedding), self.dimension) or embedding for embedding in embeddings]

    def _key(self, what: What, text: str) -> str:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        kind = "embedding" if what == "passages" else "question"
        return f"{kind}:{self.name}:{self.dimension}:{digest}"


def _packed(embedding: Embedding) -> bytes:
    """Half floats: two bytes a number; its three digits move a cosine by less than 0.001."""
    return struct.pack(f"<{len(embedding)}e", *embedding)


def _unpacked(value: bytes, dimension: int) -> Embedding | None:
    """At unit length; None if this is no embedding."""
    if len(value) != 2 * dimension:
        return None
    numbers = struct.unpack(f"<{dimension}e", value)
    length = math.hypot(*numbers)
    if not (math.isfinite(length) and length):
        return None
    return array("f", [number / length for number in numbers])
