"""What the cache in Redis adds: living with a server that is gone, silent, strange or says no."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest

from shared.caches.redis import RedisCache
from tests.adapters.caches.calling_redis import every_call_misses, opened
from tests.servers.process import free_port, stop
from tests.servers.redis import address, start_server


class OwnServer:
    """A Redis that dies and comes back on the same port."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self.process = start_server(self.port, *self._arguments)

    def stop(self) -> None:
        stop(self.process)


class Turns:
    """What a watcher is told of the breaker `cache`."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def breaker_turned(self, dependency: str, *, is_open: bool) -> None:
        assert dependency == "cache"
        self.seen.append(is_open)

    def retried(self, dependency: str) -> None:
        raise AssertionError("a miss is not tried again")


StartServer: TypeAlias = Callable[..., OwnServer]


@pytest.fixture
def own_server() -> Iterator[StartServer]:
    with ExitStack() as last:

        def start(*arguments: str) -> OwnServer:
            server = OwnServer(*arguments)
            last.callback(server.stop)
            return server

        yield start


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name.startswith("shared.caches")
    ]


async def test_a_watcher_is_told_once_that_it_is_passed_by_and_once_that_it_is_back(
    own_server: StartServer,
) -> None:
    server, turns = own_server(), Turns()
    cache = RedisCache(url=f"redis://127.0.0.1:{server.port}/0", patience=10, pause=0.1, watcher=turns)
    try:
        await cache.set("a", b"1", ttl=60)
        assert turns.seen == [False], "closed from the start"
        server.stop()
        for _ in range(3):
            await every_call_misses(cache)
        assert turns.seen == [False, True]
        server.start()
        await until_back(cache)
        assert turns.seen == [False, True, False]
    finally:
        await cache.close()


async def until_back(cache: RedisCache) -> None:
    async with asyncio.timeout(20):
        while not await cache.increment("back", ttl=60):
            await asyncio.sleep(0.02)


async def test_a_dead_server_is_a_miss_and_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(f"redis://127.0.0.1:{free_port()}", pause=60) as cache:
        for _ in range(3):
            await every_call_misses(cache)
    ((level, text),) = lines(caplog)
    assert level == logging.WARNING
    assert "check REDIS_URL" in text


async def test_a_server_that_dies_and_comes_back_is_used_again(
    own_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = own_server()
    async with opened(f"redis://127.0.0.1:{server.port}") as cache:
        await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(40)))
        server.stop()
        for _ in range(10):
            await every_call_misses(cache)
        server.start()
        await until_back(cache)
        await cache.set("a", b"1", ttl=60)
        assert await cache.get("a") == b"1"
    assert [text.partition(":")[0] for _, text in lines(caplog)] == ["cache_unreachable", "cache_back"]


async def test_a_restart_between_two_calls_costs_neither(
    own_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_server()
    async with opened(f"redis://127.0.0.1:{server.port}") as cache:
        await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(5)))
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        assert await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(5))) == [1, 2, 3, 4, 5]
    assert lines(caplog) == []


async def test_a_wrong_password_is_an_error_in_the_log_without_the_password(
    own_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_server("--requirepass", "right")
    for credentials in (":wr0ng@", ""):
        caplog.clear()
        async with opened(f"redis://{credentials}127.0.0.1:{server.port}/0", pause=60) as cache:
            for _ in range(3):
                await every_call_misses(cache)
        ((level, text),) = lines(caplog)
        assert level == logging.ERROR
        assert "REDIS_URL" in text
        assert "wr0ng" not in text
    async with opened(f"redis://:right@127.0.0.1:{server.port}/0") as cache:
        assert await cache.increment("n", ttl=60) == 1


async def test_a_database_that_does_not_exist_is_not_asked_for_by_every_call(
    own_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_server("--databases", "1")
    async with opened(f"redis://127.0.0.1:{server.port}/7", pause=60) as cache:
        for _ in range(3):
            await every_call_misses(cache)
    assert [level for level, _ in lines(caplog)] == [logging.ERROR]


async def test_a_server_that_refuses_one_command_is_still_used_for_the_others(
    own_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_server("--user", "app", "on", ">pass", "~*", "+@all", "-eval")
    async with opened(f"redis://app:pass@127.0.0.1:{server.port}/0", pause=60) as cache:
        await cache.set("a", b"1", ttl=60)
        for _ in range(3):
            assert await cache.increment("n", ttl=60) == 0
            assert await cache.get("a") == b"1"
    ((level, text),) = lines(caplog)
    assert (level, "NoPermissionError" in text) == (logging.ERROR, True)


async def test_a_full_server_still_answers_what_it_has(own_server: StartServer) -> None:
    server = own_server("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    async with opened(f"redis://127.0.0.1:{server.port}/0", pause=60) as cache:
        await cache.set("a", b"1", ttl=60)
        for number in range(5):
            await cache.set(str(number), b"x" * 1_000_000, ttl=60)
        await cache.set_many({"4": b"x" * 1_000_000, "5": b"x" * 1_000_000}, ttl=60)
        assert await cache.get("4") is None
        assert await cache.get("a") == b"1"


async def test_a_call_that_is_cancelled_leaves_the_cache_usable() -> None:
    async with opened(address()) as cache:
        for delay in (0, 0, 0.0001, 0.0005, 0.001, 0.005):
            call = asyncio.ensure_future(cache.get("a"))
            await asyncio.sleep(delay)
            call.cancel()
            await asyncio.wait({call})
            assert await cache.increment("cancelled", ttl=60) > 0
