"""Who a client is to the limits, and how they count where the cache does not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from functions.limits import Quota, RequestLimits, client_address
from shared.caches.counting import CountingCache
from shared.caches.sqlite import SqliteCache
from shared.settings import read_settings


def request(*forwarded: str, peer: str | None = "192.0.2.9") -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    client = (peer, 1234) if peer is not None else None
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, [], "192.0.2.9"),
        (0, ["198.51.100.1"], "192.0.2.9"),
        (1, ["198.51.100.1"], "198.51.100.1"),
        (1, ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        (1, ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        (2, ["6.6.6.6, 198.51.100.1, 10.0.0.1"], "198.51.100.1"),
        (3, ["198.51.100.1,10.0.0.1"], "198.51.100.1"),
        (1, ["198.51.100.1:50321"], "198.51.100.1"),
        (1, ["[2001:db8:1:2:3::4]:50321"], "2001:db8:1:2::/64"),
        (1, ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        (1, ["fe80::1%eth0"], "fe80::/64"),
        (1, ["::ffff:198.51.100.1"], "198.51.100.1"),
        (1, ["unknown"], "192.0.2.9"),
        (1, [""], "192.0.2.9"),
        (1, [], "192.0.2.9"),
    ],
)
def test_a_client_is_known_by_what_our_own_proxies_tell(
    hops: int, forwarded: list[str], address: str
) -> None:
    assert client_address(request(*forwarded), hops) == address


def test_a_client_that_nothing_tells_has_no_address() -> None:
    assert client_address(request(peer=None), 0) is None
    assert client_address(request(peer="testclient"), 1) is None


@pytest.mark.parametrize(("now", "resets_in"), [(120.0, 60), (120.2, 60), (179.0, 1), (179.9, 1)])
def test_a_quota_tells_what_is_left_and_for_how_long(now: float, resets_in: int) -> None:
    quota = Quota(name="q", most=20, used=23, window=60, now=now)
    assert quota.headers() == {
        "RateLimit-Limit": "20",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(resets_in),
        "RateLimit-Policy": "20;w=60",
    }


@pytest.fixture
async def dead(tmp_path: Path) -> AsyncIterator[SqliteCache]:
    """A cache that can keep nothing: its folder is a file."""
    (tmp_path / "file").touch()
    cache = SqliteCache(tmp_path / "file" / "cache.db", 1_000_000)
    yield cache
    await cache.close()


async def test_a_dead_cache_is_counted_for_in_the_process(dead: SqliteCache) -> None:
    limits = limits_at(120.0, requests_per_minute=3)
    cache = CountingCache(dead)
    used = [(await limits.count("ann", request(), cache))[0].used for _ in range(4)]
    assert used == [1, 2, 3, 4]


async def test_while_a_cache_is_dead_a_count_ends_with_its_time_and_can_be_forgotten(
    dead: SqliteCache,
) -> None:
    cache = CountingCache(dead)
    assert [await cache.increment("a", ttl=0.0) for _ in range(3)] == [1, 1, 1]
    assert [await cache.increment("b", by=2, ttl=60) for _ in range(3)] == [2, 4, 6]
    assert await cache.increment_many(["b", "c"], ttl=60) == [7, 1]
    await cache.delete("b")
    assert await cache.increment("b", ttl=60) == 1


async def test_while_a_cache_is_dead_the_oldest_counts_make_room(dead: SqliteCache) -> None:
    cache = CountingCache(dead)
    for number in range(10_001):
        cache._count(f"{number}", 1, 60.0)
    assert len(cache._counts) == 10_000
    assert await cache.increment("1", ttl=60) == 2
    assert await cache.increment("0", ttl=60) == 1


def limits_at(now: float, **settings: Any) -> RequestLimits:
    return RequestLimits(read_settings(**settings), clock=lambda: now)


async def test_what_one_asks_in_vain_is_not_counted_against_others(tmp_path: Path) -> None:
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    limits = limits_at(120.0, requests_per_minute=3, requests_per_minute_address=10)
    for _ in range(20):
        await limits.count("ann", request(), cache)
    quotas = {quota.name: quota.used for quota in await limits.count("bob", request(), cache)}
    assert quotas == {"requests_per_minute": 1, "requests_per_minute_address": 5}
    await cache.close()


async def test_each_minute_of_the_clock_begins_anew(tmp_path: Path) -> None:
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    now = 179.0
    limits = RequestLimits(read_settings(requests_per_minute=2), clock=lambda: now)
    for used in (1, 2, 3, 3):
        assert (await limits.count("ann", request(), cache))[0].used == used
    now = 180.0
    assert (await limits.count("ann", request(), cache))[0].used == 1
    await cache.close()


async def test_what_is_switched_off_is_not_counted(tmp_path: Path) -> None:
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    limits = limits_at(120.0, requests_per_minute=0, requests_per_minute_address=0)
    assert await limits.count("ann", request(), cache) == []
    assert not (tmp_path / "cache.db").exists()
    await cache.close()
