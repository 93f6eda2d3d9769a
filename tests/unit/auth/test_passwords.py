"""Passwords: argon2id at the stated cost, alike for known and unknown accounts."""

import asyncio
import gzip
import threading
import time
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from shared.auth import common_passwords
from shared.auth.passwords import MIN_LENGTH, MOST_WAITING, Passwords
from shared.errors import BackendUnavailable, InvalidRequest


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


@pytest.mark.parametrize(
    "password",
    [
        " leading and trailing ",
        "zero\x00zero\x00zero",
        "line\nfeed\ttab",
        "😀" * 8,
        "\ud800" * 8,
        "nocapital",
        "ЗНАКОВОСЕМЬ",
        "'; DROP TABLE users; --",
    ],
)
async def test_any_characters_make_a_password(passwords: Passwords, password: str) -> None:
    stored = await passwords.hash(password)
    assert await passwords.verify(password, stored)
    assert not await passwords.verify(password.strip()[:-1], stored)


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("pässwörtlich", "pa\u0308sswo\u0308rtlich"),
        ("ｆｕｌｌｗｉｄｔｈ", "fullwidth"),
        ("no break space", "no\u00a0break space"),
    ],
)
async def test_a_password_matches_however_a_keyboard_writes_it(
    passwords: Passwords, chosen: str, typed: str
) -> None:
    assert await passwords.verify(typed, await passwords.hash(chosen))
    assert await passwords.verify(chosen, await passwords.hash(typed))


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord1",
        "12345678",
        "qwertyuiop",
        "iloveyou2",
        "ｐａｓｓｗｏｒｄ",
        "administrator",
        "ada.lovelace@example.org",
        "Ada.Lovelace",
        "example.org",
        "ragfunctions",
        "RAG-Functions",
        "Rag Functions!",
    ],
)
async def test_what_is_guessed_first_is_refused(passwords: Passwords, password: str) -> None:
    with pytest.raises(InvalidRequest, match="first that are guessed"):
        await passwords.hash(password, email="ada.lovelace@example.org")
    assert await passwords.rehash(password), "but what is in use already stays in use"


@pytest.mark.parametrize(
    "password", ["correct horse battery", "password is not it", "ada.lovelace likes tea", "aB3$aB3$"]
)
async def test_longer_ones_around_them_are_not(passwords: Passwords, password: str) -> None:
    assert await passwords.hash(password, email="ada.lovelace@example.org")


async def test_the_list_has_more_than_the_three_thousand_most_common_that_are_long_enough() -> None:
    lines = gzip.decompress(Path(common_passwords.__file__).with_name("common_passwords.txt.gz").read_bytes())
    listed = lines.decode().splitlines()
    assert len(listed) > 20_000
    assert listed == sorted({unicodedata.normalize("NFKC", each).casefold() for each in listed})
    assert min(map(len, listed)) == MIN_LENGTH


async def test_at_most_two_are_hashed_at_once_and_a_bounded_number_waits(passwords: Passwords) -> None:
    crowd = [passwords.verify(f"guess {number}", None) for number in range(MOST_WAITING + 5)]
    outcomes = asyncio.gather(*crowd, return_exceptions=True)
    most = 0
    while not outcomes.done():
        hashing = [thread for thread in threading.enumerate() if thread.name.startswith("passwords")]
        most = max(most, len(hashing))
        await asyncio.sleep(0)
    refused = [outcome for outcome in await outcomes if isinstance(outcome, BackendUnavailable)]
    assert most == 2
    assert [refusal.retry_after for refusal in refused] == [2.0] * 5
    assert await passwords.verify("correct horse", await passwords.hash("correct horse"))


async def test_who_gives_up_waiting_makes_room(passwords: Passwords) -> None:
    crowd = [asyncio.ensure_future(passwords.verify("guess", None)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    for waiting in crowd:
        waiting.cancel()
    await asyncio.wait(crowd)
    assert await passwords.hash("correct horse")


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
