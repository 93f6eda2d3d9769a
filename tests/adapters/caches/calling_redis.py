"""Calls of the cache in Redis that its tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.caches.redis import RedisCache

PATIENCE, PAUSE = 0.3, 0.5  # seconds; where time is not what is tested, a loaded machine gets more of it


@asynccontextmanager
async def opened(url: str, *, patience: float = 10, pause: float = PAUSE) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url=url, patience=patience, pause=pause)
    try:
        yield cache
    finally:
        await cache.close()


async def every_call_misses(cache: RedisCache) -> None:
    assert await cache.get("a") is None
    await cache.set("a", b"1", ttl=60)
    await cache.delete("a")
    assert await cache.increment("n", ttl=60) == 0
    assert await cache.get_many(["a", "b"]) == [None, None]
    await cache.set_many({"a": b"1"}, ttl=60)
    assert await cache.reserve("line", 1) is None
    await cache.postpone("line", 1)
