"""How often a password may be guessed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from shared.auth import sessions
from shared.caches.counting import CountingCache
from shared.caches.sqlite import SqliteCache
from shared.errors import NotAuthenticated, RateLimited
from tests.stand_ins.door import Door


async def test_after_ten_failures_even_the_right_password_has_to_wait(door: Door) -> None:
    await door.register()
    for _ in range(sessions.MAX_ATTEMPTS):
        with pytest.raises(NotAuthenticated):
            await door.sign_in(password="wrong horse")
    with pytest.raises(RateLimited) as limited:
        await door.sign_in()
    assert 0 < limited.value.retry_after <= sessions.WINDOW


async def test_the_limit_is_per_account_and_says_nothing_about_who_has_one(door: Door) -> None:
    await door.register()
    for _ in range(sessions.MAX_ATTEMPTS):
        with pytest.raises(NotAuthenticated):
            await door.sign_in("nobody@example.org")
    with pytest.raises(RateLimited):
        await door.sign_in("Nobody@example.org ")
    assert await door.sign_in()


async def test_a_success_forgets_the_failures(door: Door) -> None:
    await door.register()
    for _ in range(2):
        for _ in range(sessions.MAX_ATTEMPTS - 1):
            with pytest.raises(NotAuthenticated):
                await door.sign_in(password="wrong horse")
        assert await door.sign_in()


async def test_parallel_guesses_are_all_counted(door: Door) -> None:
    await door.register()
    guesses = (door.sign_in(password=f"guess {n:03}") for n in range(25))
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, NotAuthenticated) for outcome in outcomes) == sessions.MAX_ATTEMPTS
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 15


async def test_guesses_are_counted_while_the_cache_is_dead(door: Door, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    dead = SqliteCache(tmp_path / "file" / "cache.db", 1_000_000)
    door = replace(door, cache=CountingCache(dead))
    await door.register()
    for _ in range(sessions.MAX_ATTEMPTS - 1):
        with pytest.raises(NotAuthenticated):
            await door.sign_in(password="wrong horse")
    assert await door.sign_in(), "a success forgets the failures"
    for _ in range(sessions.MAX_ATTEMPTS):
        with pytest.raises(NotAuthenticated):
            await door.sign_in(password="wrong horse")
    with pytest.raises(RateLimited):
        await door.sign_in()
    await dead.close()
