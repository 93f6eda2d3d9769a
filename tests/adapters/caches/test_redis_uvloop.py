"""The cache in Redis on the standalone host's event loop, whose transports raise errors of their own."""

import asyncio

import pytest

from shared.caches.redis import RedisCache
from tests.servers.process import free_port, stop
from tests.servers.redis import start_server

uvloop = pytest.importorskip("uvloop")


def test_a_dying_server_is_a_miss_there_too() -> None:
    port = free_port()

    async def use() -> None:
        cache = RedisCache(url=f"redis://127.0.0.1:{port}/0", patience=10, pause=0.001)
        for _ in range(4):
            server = await asyncio.to_thread(start_server, port)
            try:
                await asyncio.gather(*(cache.set("k", b"v", ttl=60) for _ in range(30)))
            finally:
                await asyncio.to_thread(stop, server)
            assert set(await asyncio.gather(*(cache.get("k") for _ in range(60)))) == {None}
        await cache.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(use())


async def test_a_transport_that_is_closed_already_is_a_miss() -> None:
    cache = RedisCache(url="redis://127.0.0.1:1/0")
    cache._redis.get = raises_closed  # type: ignore[method-assign]
    assert await cache.get("k") is None
    await cache.close()


async def raises_closed(*_: object) -> None:
    raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
