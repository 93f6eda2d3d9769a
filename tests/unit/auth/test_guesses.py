"""How often a password may be guessed, and how little that tells or hurts anybody else."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from shared.auth import sessions
from shared.auth.guesses import MOST_GUESSES, WINDOW, count_attempt, take_back, take_place
from shared.caches.counting import CountingCache
from shared.caches.sqlite import SqliteCache
from shared.domain import Principal
from shared.errors import AccessDenied, NotAuthenticated, RateLimited
from tests.planted import planted
from tests.stand_ins.door import PASSWORD, Door

LONGER = planted("longer password")


class SimulatedCache:
    """What guesses need of a cache, by a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self._ends: dict[str, float] = {}

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [b"1" if self._ends.get(key, 0.0) > self.now else None for key in keys]

    async def increment(self, key: str, *, ttl: float) -> int:
        if self._ends.get(key, 0.0) > self.now:
            return 2
        self._ends[key] = self.now + ttl
        return 1


async def fail(door: Door, times: int, email: str = "ada@example.org") -> None:
    for _ in range(times):
        with pytest.raises(NotAuthenticated):
            await door.sign_in(email, "wrong horse")


async def test_after_ten_failures_the_right_password_is_refused_as_a_wrong_one_is(door: Door) -> None:
    await door.register()
    with pytest.raises(NotAuthenticated) as wrong:
        await door.sign_in(password="wrong horse")
    await fail(door, MOST_GUESSES - 1)
    with pytest.raises(NotAuthenticated) as locked:
        await door.sign_in()
    assert str(locked.value) == str(wrong.value)


async def test_the_limit_is_of_one_account_however_it_is_written(door: Door) -> None:
    await door.register()
    await door.register("bob@example.org")
    await fail(door, MOST_GUESSES, " BOB@example.org")
    with pytest.raises(NotAuthenticated):
        await door.sign_in("bob@example.org")
    assert await door.sign_in()


async def test_a_success_takes_no_guess_and_gives_none_back(door: Door) -> None:
    await door.register()
    for _ in range(MOST_GUESSES - 1):
        await fail(door, 1)
        assert await door.sign_in()
    await fail(door, 1)
    with pytest.raises(NotAuthenticated):
        await door.sign_in()


async def test_of_parallel_guesses_ten_are_looked_at(door: Door) -> None:
    await door.register()
    places = await asyncio.gather(*(take_place("ada@example.org", door.cache) for _ in range(40)))
    taken = [place for place in places if place is not None]
    assert len(set(taken)) == len(taken) == MOST_GUESSES


@pytest.mark.parametrize("every", [1.0, 7.0, 61.0, 89.0, 91.0, 899.0])
async def test_no_quarter_of_an_hour_has_more_than_ten_guesses(every: float) -> None:
    cache = SimulatedCache()
    guessed = []
    while cache.now < 8 * WINDOW:
        if await take_place("ada@example.org", cast("Any", cache)):
            guessed.append(cache.now)
        cache.now += every
    in_window = [sum(begin <= at < begin + WINDOW for at in guessed) for begin in guessed]
    assert max(in_window) <= MOST_GUESSES
    assert len(guessed) > 7 * min(MOST_GUESSES, WINDOW // every), "places become free again"


async def test_guesses_are_counted_while_the_cache_is_dead(door: Door, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    dead = SqliteCache(tmp_path / "file" / "cache.db", 1_000_000)
    door = replace(door, cache=CountingCache(dead))
    await door.register()
    await fail(door, MOST_GUESSES - 1)
    assert await door.sign_in()
    await fail(door, 1)
    with pytest.raises(NotAuthenticated):
        await door.sign_in()
    await dead.close()


async def test_no_live_session_is_hurt_by_guesses_at_its_account(door: Door) -> None:
    user = await door.register()
    session = await door.sign_in()
    await fail(door, MOST_GUESSES + 5)
    session = await door.refresh(session.refresh_token)
    assert await door.is_live(session)
    caller = Principal(user_id=user.id, email=user.email, family_id=await door.family_of(session))
    await door.change_password(caller, PASSWORD, LONGER)
    assert await door.refresh(session.refresh_token)


async def test_who_holds_a_session_may_not_guess_the_password_more_often_either(door: Door) -> None:
    user = await door.register()
    caller = Principal(user_id=user.id, email=user.email, family_id="theirs")
    told = set()
    for password in [f"guess {number}" for number in range(MOST_GUESSES)] + [PASSWORD]:
        with pytest.raises(AccessDenied) as refused:
            await door.change_password(caller, password, LONGER)
        told.add(str(refused.value))
    assert len(told) == 1
    assert await door.sign_in()


async def test_an_address_may_try_so_often_in_a_window_of_the_clock(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0 * WINDOW + 100.0
    monkeypatch.setattr("shared.auth.guesses.time.time", lambda: now)

    async def attempt(address: str | None = "192.0.2.1", most: int = 3) -> str | None:
        return await count_attempt("sign-in", address, most=most, window=WINDOW, cache=door.cache)

    for _ in range(3):
        await attempt()
    with pytest.raises(RateLimited) as limited:
        await attempt()
    assert limited.value.retry_after == WINDOW - 100.0
    assert await attempt("192.0.2.2"), "another address"
    assert await attempt(None) is None
    assert await attempt(most=0) is None


async def test_what_was_no_failure_is_not_counted(door: Door) -> None:
    for _ in range(5):
        counter = await count_attempt("sign-in", "192.0.2.1", most=1, window=WINDOW, cache=door.cache)
        await take_back(counter, door.cache)
    await take_back(None, door.cache)


async def test_grace_and_limits_are_those_that_are_documented() -> None:
    assert (sessions.GRACE, MOST_GUESSES, WINDOW) == (30.0, 10, 900.0)
