"""Passwords: argon2id at the stated cost, alike for known and unknown accounts."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from shared.auth.passwords import Passwords
from shared.errors import InvalidRequest


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    passwords = Passwords()
    yield passwords
    await passwords.close()


async def test_a_hash_is_argon2id_at_the_owasp_cost(passwords: Passwords) -> None:
    assert (await passwords.hash("correct horse")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_only_the_right_password_matches(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", stored)
    for wrong in ("correct hors", "Correct horse", "", "correct horse ", "x" * 5000):
        assert not await passwords.verify(wrong, stored)


@pytest.mark.parametrize("length", [0, 7, 129, 5000])
async def test_a_password_of_another_length_is_refused(passwords: Passwords, length: int) -> None:
    with pytest.raises(InvalidRequest, match="8 to 128"):
        await passwords.hash("x" * length)


async def test_the_longest_password_counts_to_its_last_character(passwords: Passwords) -> None:
    stored = await passwords.hash("é" * 128)
    assert await passwords.verify("é" * 128, stored)
    assert not await passwords.verify("é" * 127 + "e", stored)
    assert not await passwords.verify("é" * 128 + "x", stored)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$"])
async def test_without_a_usable_hash_nothing_matches(passwords: Passwords, stored: str | None) -> None:
    assert not await passwords.verify("nobody's password", stored)


async def test_an_unknown_account_takes_the_work_of_a_known_one(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    await passwords.verify("warm up", None)

    async def cpu_of(password_hash: str | None) -> float:
        started = time.process_time()
        for _ in range(5):
            await passwords.verify("wrong horse", password_hash)
        return time.process_time() - started

    known, unknown = await cpu_of(stored), await cpu_of(None)
    assert 0.4 < unknown / known < 2.5


async def test_a_hash_of_another_cost_asks_to_be_renewed(passwords: Passwords) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")
    assert passwords.needs_rehash(cheap)
    assert await passwords.verify("correct horse", cheap)
    assert not passwords.needs_rehash(await passwords.hash("correct horse"))


async def test_the_loop_runs_on_while_passwords_are_hashed(passwords: Passwords) -> None:
    hashing = asyncio.gather(*(passwords.hash(f"password {n}") for n in range(6)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert len(set(await hashing)) == 6
