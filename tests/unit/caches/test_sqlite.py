"""What the cache in a file adds: its bound, and living with a dead, damaged or replaced file."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.caches.sqlite import SqliteCache

KIB = b"x" * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
async def cache(path: Path) -> AsyncIterator[SqliteCache]:
    cache = SqliteCache(path, 10 * 1100)
    yield cache
    await cache.close()


async def kept(cache: SqliteCache, count: int) -> list[int]:
    return [number for number in range(count) if await cache.get(str(number)) is not None]


async def test_the_least_recently_used_entries_make_room(cache: SqliteCache) -> None:
    for number in range(10):
        await cache.set(str(number), KIB, ttl=60)
    assert await cache.get("0") == KIB
    for number in range(10, 13):
        await cache.set(str(number), KIB, ttl=60)
    assert await kept(cache, 13) == [0, *range(4, 13)]


async def test_the_sum_stays_right_through_changes_of_every_kind(cache: SqliteCache, path: Path) -> None:
    for number in range(30):
        await cache.set(str(number % 7), KIB[: number * 30], ttl=60 if number % 3 else 0)
        await cache.increment("n", ttl=60)
        await cache.delete(str(number % 5))
    connection = sqlite3.connect(path)
    sums = connection.execute("SELECT (SELECT bytes FROM total), (SELECT SUM(size) FROM entries)").fetchone()
    connection.close()
    assert sums[0] == sums[1] > 0


async def test_a_value_beyond_the_bound_is_not_kept_and_evicts_nothing_else(cache: SqliteCache) -> None:
    await cache.set("a", b"1", ttl=60)
    await cache.set("b", b"1", ttl=60)
    await cache.set("b", KIB * 20, ttl=60)
    assert (await cache.get("a"), await cache.get("b")) == (b"1", None)


async def test_many_reads_are_written_down_before_anything_is_set(cache: SqliteCache, path: Path) -> None:
    await cache.set("a", b"1", ttl=60)
    connection = sqlite3.connect(path)
    set_at = connection.execute("SELECT used_at FROM entries").fetchone()
    for number in range(300):
        await cache.get("a")
        await cache.set(str(number % 3), b"1", ttl=60)
    assert connection.execute("SELECT used_at FROM entries WHERE key = 'a'").fetchone() > set_at
    connection.close()


async def test_counting_over_a_value_that_is_no_number_starts_anew(cache: SqliteCache) -> None:
    await cache.set("a", b"9" * 5000 + b"?", ttl=60)
    assert await cache.increment("a", ttl=60) == 1


async def test_a_locked_file_is_a_miss(cache: SqliteCache, path: Path) -> None:
    await cache.set("a", b"1", ttl=60)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await cache.set("a", b"2", ttl=60)
    assert await cache.increment("n", ttl=60) == 0
    assert await cache.reserve("line", 1) is None
    assert await cache.get("a") == b"1"
    other.execute("ROLLBACK")
    other.close()
    assert await cache.increment("n", ttl=60) == 1


async def test_a_key_that_is_no_text_is_a_miss(cache: SqliteCache) -> None:
    await cache.set("\ud800", b"1", ttl=60)
    assert await cache.get("\ud800") is None


async def test_a_file_that_is_no_database_is_replaced(path: Path) -> None:
    path.write_bytes(b"rubbish" * 5000)
    cache = SqliteCache(path, 100_000)
    assert await cache.get("a") is None
    await cache.set("a", b"1", ttl=60)
    assert await cache.get("a") == b"1"
    await cache.close()


async def test_a_file_of_another_release_is_replaced(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    cache = SqliteCache(path, 100_000)
    assert await cache.increment("n", ttl=60) == 0
    assert await cache.increment("n", ttl=60) == 1
    await cache.close()


async def test_a_file_damaged_in_use_is_replaced_and_every_user_follows(
    cache: SqliteCache, path: Path
) -> None:
    for number in range(5):
        await cache.set(str(number), KIB, ttl=60)
    other = SqliteCache(path, 10 * 1100)
    assert await other.get("1") == KIB
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    for number in range(3):  # the first sees the damage, the second finds the new file
        await cache.set("a", str(number).encode(), ttl=60)
    assert await cache.get("a") == b"2"
    for _ in range(3):
        await other.increment("n", ttl=60)
    assert await other.get("a") == b"2"
    counted = await other.increment("n", ttl=60)
    assert await cache.increment("n", ttl=60) == counted + 1
    await other.close()


async def test_a_deleted_file_is_made_anew(cache: SqliteCache, path: Path) -> None:
    await cache.set("a", b"1", ttl=60)
    for file in path.parent.iterdir():
        file.unlink()
    assert await cache.get("a") is None
    await cache.set("a", b"2", ttl=60)
    assert path.exists()
    assert await cache.get("a") == b"2"


async def test_a_place_that_can_hold_no_file_is_a_miss_every_time(path: Path) -> None:
    path.mkdir()
    cache = SqliteCache(path, 100_000)
    for _ in range(3):
        await cache.set("a", b"1", ttl=60)
        assert await cache.get_many(["a", "b"]) == [None, None]
    await cache.close()


async def test_values_that_are_set_together_are_there_together_or_not_at_all(
    cache: SqliteCache, path: Path
) -> None:
    await cache.set_many({"a": b"1", "b": b"1", "c": b"1"}, ttl=60)
    await cache.set_many({"a": b"2", "\ud800": b"2", "c": b"2"}, ttl=60)
    assert await cache.get_many(["a", "b", "c"]) == [b"1", b"1", b"1"]
