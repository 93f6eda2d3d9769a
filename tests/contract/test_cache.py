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


async def test_counters_that_are_counted_together_count_each_for_itself(cache: Cache) -> None:
    await cache.increment("a", by=4, ttl=60)
    await cache.set("c", b"some words", ttl=60)
    assert await cache.increment_many(["b", "a", "c"], ttl=1) == [1, 5, 1]
    assert await cache.increment_many(["a", "a"], ttl=600) == [6, 7]
    assert await cache.increment_many([], ttl=60) == []
    await until_missed(cache, "b")
    assert await cache.get("a") == b"7", "the first increment has started its time"


async def test_counters_that_are_counted_together_at_once_lose_none(cache: Cache) -> None:
    counted = await asyncio.gather(*(cache.increment_many(["a", "b"], ttl=60) for _ in range(50)))
    for of_one in zip(*counted, strict=True):
        assert sorted(of_one) == list(range(1, 51))


async def test_many_values_are_set_and_got_in_order(cache: Cache) -> None:
    values = {f"key {number}": bytes([number]) * number for number in range(100)}
    await cache.set_many(values, ttl=60)
    await cache.set_many({}, ttl=60)
    asked = ["nothing", *values, "key 7", "key 7"]
    assert await cache.get_many(asked) == [None, *values.values(), values["key 7"], values["key 7"]]
    assert await cache.get_many([]) == []
    assert await cache.get("key 99") == values["key 99"]


async def test_many_values_live_no_longer_than_their_ttl(cache: Cache) -> None:
    await cache.set_many({"a": b"1", "b": b"2"}, ttl=1)
    await cache.set("c", b"3", ttl=60)
    await until_missed(cache, "b")
    assert await cache.get_many(["a", "b", "c"]) == [None, None, b"3"]


async def test_many_values_replace_what_was_there(cache: Cache) -> None:
    await cache.set("a", b"old", ttl=60)
    await cache.set_many({"a": b"new", "b": b"\0\xff"}, ttl=60)
    assert await cache.get_many(["b", "a"]) == [b"\0\xff", b"new"]


async def test_what_is_taken_of_a_time_line_begins_where_the_last_ended(cache: Cache) -> None:
    assert await cache.reserve("line", 10) == 0
    assert await cache.reserve("line", 5) == pytest.approx(10, abs=1)
    assert await cache.reserve("line", 0.5) == pytest.approx(15, abs=1)
    assert await cache.reserve("another", 10) == 0


async def test_a_time_line_that_has_ended_begins_now(cache: Cache) -> None:
    await cache.reserve("line", 0.3)
    async with asyncio.timeout(20):
        while await cache.reserve("line", 60, most=0) != 0:
            await asyncio.sleep(0.02)
    assert await cache.reserve("line", 1) == pytest.approx(60, abs=1)


async def test_nothing_is_taken_that_would_begin_too_late(cache: Cache) -> None:
    await cache.reserve("line", 60)
    for _ in range(3):
        assert await cache.reserve("line", 1000, most=30) == pytest.approx(60, abs=2)
    assert await cache.reserve("line", 10, most=61) == pytest.approx(60, abs=2)
    assert await cache.reserve("line", 10) == pytest.approx(70, abs=2)


async def test_postponements_of_a_time_line_do_not_add_up(cache: Cache) -> None:
    for _ in range(5):
        await cache.postpone("line", 30)
    await cache.postpone("line", 1)
    assert await cache.reserve("line", 10) == pytest.approx(30, abs=2)
    await cache.postpone("line", 20)
    assert await cache.reserve("line", 10) == pytest.approx(40, abs=2)


async def test_a_time_line_over_a_value_that_is_none_begins_now(cache: Cache) -> None:
    await cache.set("line", b"some words", ttl=60)
    assert await cache.reserve("line", 10) == 0
    await cache.delete("line")
    assert await cache.reserve("line", 10) == 0


def take_in_process(kind: str, folder: Path) -> list[float | None]:
    async def run() -> list[float | None]:
        async with CACHES[kind](folder) as cache:
            return await asyncio.gather(*(cache.reserve("line", 100) for _ in range(20)))

    return asyncio.run(run())


async def test_no_time_is_taken_twice_by_several_processes(kind: str, tmp_path: Path) -> None:
    taken = await in_processes(take_in_process, [(kind, tmp_path)] * 3)
    waits = sorted(wait for each in taken for wait in each if wait is not None)
    assert waits == [pytest.approx(100 * place, abs=20) for place in range(60)]
