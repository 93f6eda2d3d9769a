"""What every metadata store promises about index versions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import IndexState, IndexVersion
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES

BASE = "documents"
FIRST, SECOND, THIRD = (f"{BASE}-v{number}-20261122t101010" for number in (1, 2, 3))


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


def version(
    name: str = FIRST, number: int = 1, *, base: str = BASE, embedder: str = "minilm"
) -> IndexVersion:
    return IndexVersion(
        name=name,
        base=base,
        number=number,
        embedder=embedder,
        dimension=384,
        chunk_chars=900,
        chunk_overlap=120,
        created_at=1.5,
        changed_at=2.5,
        documents=7,
        chunks=70,
        gate='{"recall": 1}',
    )


def live(given: IndexVersion) -> IndexVersion:
    return replace(given, state=IndexState.LIVE)


async def states(store: MetadataStore, base: str = BASE) -> dict[str, str]:
    return {each.name: each.state.value for each in await store.index_versions(base)}


async def test_a_store_knows_no_index_at_first(store: MetadataStore) -> None:
    assert await store.index_versions(BASE) == []


async def test_the_first_index_of_a_base_is_live_and_stays(store: MetadataStore) -> None:
    assert await store.first_index(version()) == live(version())
    assert await store.first_index(version(SECOND, 2, embedder="e5")) == live(version())
    assert await store.first_index(version(SECOND, 1, embedder="e5")) == live(version())
    assert await store.index_versions(BASE) == [live(version())]


async def test_of_many_first_indexes_one_is_live_and_told_to_all(store: MetadataStore) -> None:
    told = await asyncio.gather(
        *(store.first_index(version(f"{FIRST}{number}", embedder=f"e{number}")) for number in range(20))
    )
    assert len(set(told)) == 1
    assert await store.index_versions(BASE) == [told[0]]


async def test_a_new_index_is_recorded_as_given_and_is_being_built(store: MetadataStore) -> None:
    await store.first_index(version())
    assert await store.add_index(live(version(SECOND, 2, embedder="e5")))
    assert await store.index_versions(BASE) == [
        live(version()),
        replace(version(SECOND, 2, embedder="e5"), state=IndexState.BUILDING),
    ]


async def test_versions_come_by_number(store: MetadataStore) -> None:
    await store.first_index(version("z"))
    for name, number in (("a", 12), ("y", 2)):
        await store.add_index(version(name, number))
        await store.switch_index(BASE, name, expected=(await live_name(store)), now=3.0)
    assert [each.number for each in await store.index_versions(BASE)] == [1, 2, 12]


async def live_name(store: MetadataStore) -> str:
    [name] = [name for name, state in (await states(store)).items() if state == "live"]
    return name


async def test_one_index_is_built_at_a_time(store: MetadataStore) -> None:
    await store.first_index(version())
    assert await store.add_index(version(SECOND, 2))
    assert not await store.add_index(version(THIRD, 3))
    await store.switch_index(BASE, SECOND, expected=FIRST, now=3.0)
    assert await store.add_index(version(THIRD, 3))
    assert await states(store) == {FIRST: "standby", SECOND: "live", THIRD: "building"}


async def test_of_many_that_start_a_build_one_does(store: MetadataStore) -> None:
    await store.first_index(version())
    added = await asyncio.gather(*(store.add_index(version(f"{SECOND}{n}", 2)) for n in range(20)))
    assert added.count(True) == 1
    assert list((await states(store)).values()) == ["live", "building"]


@pytest.mark.parametrize("taken", [version(SECOND, 1), version(FIRST, 2)])
async def test_a_name_or_a_number_is_given_once(store: MetadataStore, taken: IndexVersion) -> None:
    await store.first_index(version())
    assert not await store.add_index(taken)
    assert await store.index_versions(BASE) == [live(version())]


async def test_the_name_and_number_of_a_removed_index_are_not_given_again(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    await store.remove_index(BASE, SECOND, now=3.0)
    assert not await store.add_index(version(SECOND, 3))
    assert not await store.add_index(version(THIRD, 2))
    assert await store.add_index(version(THIRD, 3))


async def test_nothing_is_built_where_nothing_is_live(store: MetadataStore) -> None:
    assert not await store.add_index(version())
    assert await store.index_versions(BASE) == []


async def test_a_removed_index_is_remembered(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    assert await store.remove_index(BASE, SECOND, now=3.0)
    assert (await store.index_versions(BASE))[1] == replace(
        version(SECOND, 2), state=IndexState.REMOVED, changed_at=3.0
    )
    assert not await store.remove_index(BASE, SECOND, now=4.0)
    assert (await store.index_versions(BASE))[1].changed_at == 3.0


async def test_the_live_index_cannot_be_removed_and_the_one_before_it_can(store: MetadataStore) -> None:
    await store.first_index(version())
    await store.add_index(version(SECOND, 2))
    await store.switch_index(BASE, SECOND, expected=FIRST, now=3.0)
    assert not await store.remove_index(BASE, SECOND, now=4.0)
    assert not await store.remove_index(BASE, "unknown", now=4.0)
    assert not await store.remove_index("nothing", FIRST, now=4.0)
    assert await store.remove_index(BASE, FIRST, now=4.0)
    assert await states(store) == {FIRST: "removed", SECOND: "live"}
    assert not await store.switch_index(BASE, FIRST, expected=SECOND, now=5.0)


async def test_what_is_noted_replaces_counts_and_keeps_a_finding_that_is_not_given(
    store: MetadataStore,
) -> None:
    await store.first_index(version())
    await store.note_index(BASE, FIRST, documents=8, chunks=80)
    assert await store.index_versions(BASE) == [replace(live(version()), documents=8, chunks=80)]
    await store.note_index(BASE, FIRST, documents=9, chunks=90, gate='{"recall": 0.5}')
    await store.note_index(BASE, "unknown", documents=1, chunks=1, gate="x")
    await store.note_index("nothing", FIRST, documents=1, chunks=1, gate="x")
    assert await store.index_versions(BASE) == [
        replace(live(version()), documents=9, chunks=90, gate='{"recall": 0.5}')
    ]
    assert await store.index_versions("nothing") == []


async def test_bases_know_nothing_of_each_other(store: MetadataStore) -> None:
    other = "documents-v1"
    await store.first_index(version())
    await store.first_index(version(FIRST, base=other, embedder="e5"))
    assert await store.add_index(version(SECOND, 2))
    assert await store.add_index(version(SECOND, 2, base=other, embedder="e5"))
    await store.switch_index(other, SECOND, expected=FIRST, now=3.0)
    await store.remove_index(other, FIRST, now=4.0)
    await store.note_index(other, SECOND, documents=1, chunks=1, gate="x")
    assert await store.index_versions(BASE) == [
        live(version()),
        replace(version(SECOND, 2), state=IndexState.BUILDING),
    ]
    assert await states(store, other) == {FIRST: "removed", SECOND: "live"}
