"""What the cache in Redis adds where something listens that is silent, or no Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from tests.adapters.caches.calling_redis import PATIENCE, PAUSE, every_call_misses, opened


@asynccontextmanager
async def listener(answer: bytes | None) -> AsyncIterator[tuple[int, list[float]]]:
    """A port that takes everything and gives `answer`, or nothing; the moments it was connected to."""
    connected: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(time.monotonic())
        if answer is not None:
            writer.write(answer)
        while await reader.read(1000):
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], connected


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
async def test_a_server_that_never_answers_costs_its_patience_once(scheme: str) -> None:
    async with (
        listener(None) as (port, connected),
        opened(f"{scheme}://:key@127.0.0.1:{port}/0", patience=PATIENCE, pause=60) as cache,
    ):
        began = time.monotonic()
        await asyncio.gather(*(cache.get("a") for _ in range(100)))
        assert PATIENCE <= time.monotonic() - began < 3 * PATIENCE
        tries, began = len(connected), time.monotonic()
        for _ in range(500):
            await every_call_misses(cache)
        assert time.monotonic() - began < PATIENCE
        assert len(connected) == tries


async def test_a_silent_server_is_tried_by_one_call_per_pause() -> None:
    async with (
        listener(None) as (port, connected),
        opened(f"redis://127.0.0.1:{port}/0", patience=PATIENCE) as cache,
    ):
        await cache.get("a")
        until = time.monotonic() + 4 * PAUSE
        while time.monotonic() < until:
            await asyncio.wait({asyncio.ensure_future(cache.get("a")) for _ in range(20)})
            await asyncio.sleep(0.02)
        assert 3 <= len(connected) <= 6
        assert all(later - earlier >= PAUSE for earlier, later in pairwise(connected))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$5\r\nab",
        b"$-7\r\n",
        b"\xff\r\n" * 9,
        b"+OK\r\n",
    ],
)
async def test_a_server_that_is_no_redis_is_a_miss(answer: bytes) -> None:
    async with (
        listener(answer) as (port, _),
        opened(f"redis://127.0.0.1:{port}/1", patience=PATIENCE, pause=0) as cache,
    ):
        for _ in range(3):
            await every_call_misses(cache)
