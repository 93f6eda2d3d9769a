"""What every cache promises: what is set may be got until its time is over; counting is atomic."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.caches.base import Cache
from tests.contract.openers import CACHES, in_processes


@pytest.fixture(params=CACHES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def cache(kind: str, tmp_path: Path) -> AsyncIterator[Cache]:
    async with CACHES[kind](tmp_path) as cache:
        yield cache


async def until_missed(cache: Cache, key: str) -> None:
    async with asyncio.timeout(20):
        while await cache.get(key) is not None:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("key", ["a", "'; DROP TABLE entries; --", "naïve \U0001f98a", "x" * 1000, "*?[a]"])
async def test_a_value_is_got_as_set_until_deleted(cache: Cache, key: str) -> None:
    assert await cache.get(key) is None
    await cache.set(key, b"\0\xff value", ttl=60)
    assert await cache.get(key) == b"\0\xff value"
    await cache.set(key, b"", ttl=60)
    assert await cache.get(key) == b""
    await cache.delete(key)
    await cache.delete(key)
    assert await cache.get(key) is None


async def test_a_value_lives_no_longer_than_its_ttl(cache: Cache) -> None:
    await cache.set("a", b"1", ttl=60)
    await cache.set("a", b"2", ttl=1)
    await cache.set("b", b"3", ttl=60)
    await until_missed(cache, "a")
    assert await cache.get("b") == b"3"


async def test_increments_add_up_and_show_as_digits(cache: Cache) -> None:
    assert await cache.increment("n", ttl=60) == 1
    assert await cache.increment("n", by=5, ttl=60) == 6
    assert await cache.increment("n", by=-7, ttl=60) == -1
    assert await cache.get("n") == b"-1"


async def test_the_first_increment_starts_the_ttl_and_later_ones_do_not_prolong_it(cache: Cache) -> None:
    await cache.increment("n", ttl=1)
    await cache.increment("n", ttl=600)
    await until_missed(cache, "n")
    assert await cache.increment("n", ttl=60) == 1


async def test_what_is_no_number_counts_from_zero(cache: Cache) -> None:
    await cache.set("words", b"some words", ttl=60)
    assert await cache.increment("words", by=3, ttl=60) == 3
    assert await cache.get("words") == b"3"


async def test_concurrent_increments_lose_none(cache: Cache) -> None:
    counted = await asyncio.gather(*(cache.increment("n", ttl=60) for _ in range(50)))
    assert sorted(counted) == list(range(1, 51))


def count_in_process(kind: str, folder: Path) -> list[int]:
    async def run() -> list[int]:
        async with CACHES[kind](folder) as cache:
            return [await cache.increment("n", ttl=60) for _ in range(50)]

    return asyncio.run(run())


async def test_increments_of_several_processes_lose_none(cache: Cache, kind: str, tmp_path: Path) -> None:
    counted = await in_processes(count_in_process, [(kind, tmp_path)] * 3)
    assert sorted(n for each in counted for n in each) == list(range(1, 151))
    assert await cache.get("n") == b"150"
