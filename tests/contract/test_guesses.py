"""Guesses at one password are counted by all processes together, whichever cache counts them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.auth.guesses import MOST_GUESSES, take_place
from shared.caches.base import Cache
from tests.contract.openers import CACHES, in_processes


@pytest.fixture(params=CACHES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def guess(kind: str, folder: Path) -> list[str]:
    async def run() -> list[str]:
        async with CACHES[kind](folder) as cache:
            places = await asyncio.gather(*(take_place("ada@example.org", cache) for _ in range(20)))
            return [place for place in places if place is not None]

    return asyncio.run(run())


@pytest.fixture
async def cache(kind: str, tmp_path: Path) -> AsyncIterator[Cache]:
    async with CACHES[kind](tmp_path) as cache:
        yield cache


@pytest.mark.usefixtures("cache")
async def test_of_sixty_guesses_in_three_processes_ten_are_looked_at(kind: str, tmp_path: Path) -> None:
    taken = [place for places in await in_processes(guess, [(kind, tmp_path)] * 3) for place in places]
    assert len(taken) == len(set(taken)) == MOST_GUESSES


async def test_a_place_that_is_given_back_can_be_taken_again(cache: Cache) -> None:
    places = [await take_place("ada@example.org", cache) for _ in range(MOST_GUESSES)]
    assert await take_place("ada@example.org", cache) is None
    assert await take_place("bob@example.org", cache) is not None
    await cache.delete(str(places[3]))
    assert await take_place("ada@example.org", cache) == places[3]
    assert await take_place("ada@example.org", cache) is None
