"""What every metadata store promises about index versions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import IndexVersion
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES

BLUE = IndexVersion(name="chunks-blue", embedder="minilm", dimension=384, created_at=1.5)


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def test_a_store_knows_no_index_at_first(store: MetadataStore) -> None:
    assert await store.index_versions() == []


async def test_what_was_recorded_first_stays(store: MetadataStore) -> None:
    assert await store.record_index(BLUE) == BLUE
    other = replace(BLUE, embedder="e5", dimension=768, created_at=9.0)
    assert await store.record_index(other) == BLUE
    assert await store.index_versions() == [BLUE]


async def test_index_versions_come_by_name(store: MetadataStore) -> None:
    given = [replace(BLUE, name=name) for name in ("b", "ä", "a", "B")]
    for version in given:
        await store.record_index(version)
    assert [version.name for version in await store.index_versions()] == ["B", "a", "b", "ä"]


async def test_of_many_records_under_one_name_one_is_kept_and_told_to_all(store: MetadataStore) -> None:
    told = await asyncio.gather(
        *(store.record_index(replace(BLUE, dimension=64 + number)) for number in range(20))
    )
    assert await store.index_versions() == [told[0]]
    assert len(set(told)) == 1
