"""What every metadata store promises about the switch from one live index to another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import IndexState
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.contract.test_metadata_store_index_versions import BASE, FIRST, SECOND, THIRD, states, version


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def test_a_switch_makes_the_one_live_and_the_other_standby(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    assert await store.switch_index(BASE, SECOND, expected=FIRST, now=9.0)
    assert await store.index_versions(BASE) == [
        replace(version(), state=IndexState.STANDBY, changed_at=9.0),
        replace(version(SECOND, 2), state=IndexState.LIVE, changed_at=9.0),
    ]
    assert await store.first_index(version()) == (await store.index_versions(BASE))[1]


async def test_a_switch_can_be_taken_back_and_done_again(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    assert await store.switch_index(BASE, SECOND, expected=FIRST, now=3.0)
    assert await store.switch_index(BASE, FIRST, expected=SECOND, now=4.0)
    assert await states(store) == {FIRST: "live", SECOND: "standby"}
    assert await store.switch_index(BASE, SECOND, expected=FIRST, now=5.0)
    assert await states(store) == {FIRST: "standby", SECOND: "live"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (SECOND, SECOND),
        (SECOND, "unknown"),
        (FIRST, FIRST),
        ("unknown", FIRST),
        (THIRD, FIRST),
        (FIRST, SECOND),
    ],
)
async def test_a_switch_that_does_not_fit_changes_nothing(
    store: MetadataStore, name: str, expected: str
) -> None:
    """FIRST is live, SECOND is being built, THIRD is removed."""
    await store.first_index(version())
    await store.add_index(version(THIRD, 3))
    await store.remove_index(BASE, THIRD, now=2.0)
    await store.add_index(version(SECOND, 2))
    before = await store.index_versions(BASE)
    assert not await store.switch_index(BASE, name, expected=expected, now=9.0)
    assert await store.index_versions(BASE) == before
    assert not await store.switch_index("nothing", SECOND, expected=FIRST, now=9.0)


async def test_of_many_switches_at_once_one_happens(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    await store.switch_index(BASE, SECOND, expected=FIRST, now=3.0)
    await store.add_index(version(THIRD, 3))
    switched = await asyncio.gather(
        *(
            store.switch_index(BASE, name, expected=SECOND, now=4.0)
            for name in (FIRST, THIRD)
            for _ in range(10)
        )
    )
    assert switched.count(True) == 1
    assert sorted((await states(store)).values()) in (
        ["building", "live", "standby"],
        ["live", "standby", "standby"],
    )


async def test_whoever_reads_during_switches_sees_exactly_one_live(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))

    async def switch() -> None:
        for turn in range(10):
            name, expected = (SECOND, FIRST) if turn % 2 == 0 else (FIRST, SECOND)
            assert await store.switch_index(BASE, name, expected=expected, now=float(turn))

    switching = asyncio.create_task(switch())
    while not switching.done():
        assert list((await states(store)).values()).count("live") == 1
    await switching


async def test_of_a_removal_and_a_switch_at_once_one_happens(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    is_removed, is_switched = await asyncio.gather(
        store.remove_index(BASE, SECOND, now=3.0),
        store.switch_index(BASE, SECOND, expected=FIRST, now=3.0),
    )
    assert is_removed != is_switched
    assert await states(store) == (
        {FIRST: "live", SECOND: "removed"} if is_removed else {FIRST: "standby", SECOND: "live"}
    )
