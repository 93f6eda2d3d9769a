"""`CountingCache`: a cache that goes on counting while it is dead. Put around the process's cache by compose.

What is limited by counters (guesses of a password, questions in a minute) is thus never unlimited. While
the cache is dead each process counts by itself, from 0.
"""

import math
import time
from collections.abc import Mapping, Sequence

from shared.caches.base import Cache

_MOST = 10_000  # counters; the oldest make room


class CountingCache:
    """Where the cache answers 0 to an increment, which is how a dead one answers, this process counts."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._counts: dict[str, tuple[int, float]] = {}  # key: value, when it ends

    async def get(self, key: str) -> bytes | None:
        return await self._cache.get(key)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return await self._cache.get_many(keys)

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        await self._cache.set(key, value, ttl=ttl)

    async def set_many(self, values: Mapping[str, bytes], *, ttl: float) -> None:
        await self._cache.set_many(values, ttl=ttl)

    async def delete(self, key: str) -> None:
        self._counts.pop(key, None)
        await self._cache.delete(key)

    async def increment(self, key: str, *, by: int = 1, ttl: float) -> int:
        return await self._cache.increment(key, by=by, ttl=ttl) or self._count(key, by, ttl)

    async def increment_many(self, keys: Sequence[str], *, ttl: float) -> list[int]:
        counted = await self._cache.increment_many(keys, ttl=ttl)
        return [value or self._count(key, 1, ttl) for key, value in zip(keys, counted, strict=True)]

    async def reserve(self, key: str, seconds: float, *, most: float = math.inf) -> float | None:
        return await self._cache.reserve(key, seconds, most=most)

    async def postpone(self, key: str, seconds: float) -> None:
        await self._cache.postpone(key, seconds)

    async def close(self) -> None:
        await self._cache.close()

    def _count(self, key: str, by: int, ttl: float) -> int:
        now = time.monotonic()
        value, ends = self._counts.pop(key, (0, 0.0))
        if ends <= now:
            value, ends = 0, now + ttl
        while len(self._counts) >= _MOST:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = value + by, ends
        return value + by
