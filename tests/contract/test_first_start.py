"""The first start on every kind of search index: what becomes the first version, and what must not."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from shared.errors import ConfigError
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.search_indexes.base import SearchIndexes
from shared.shelf import Chunking, IndexShelf
from tests.contract.search_index_cases import ask, passage, until_found
from tests.contract.test_search_indexes import OPENERS
from tests.stand_ins.hashing_embedder import DIMENSION, HashingEmbedder


class Open(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[IndexShelf]: ...


class Shared:
    """The one set of indexes of the test, which no shelf closes."""

    def __init__(self, indexes: SearchIndexes) -> None:
        self._indexes = indexes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indexes, name)

    async def close(self) -> None:
        pass


@pytest.fixture(params=OPENERS)
async def indexes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SearchIndexes]:
    indexes = OPENERS[request.param](tmp_path / "index")
    yield indexes
    await indexes.close()


@pytest.fixture
def base(tmp_path: Path) -> str:
    return f"s{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"


@pytest.fixture
def start(indexes: SearchIndexes, base: str, tmp_path: Path) -> Open:
    """A process: its own shelf and store over the same files and services."""

    @asynccontextmanager
    async def start() -> AsyncIterator[IndexShelf]:
        store = SqliteMetadataStore(tmp_path / "metadata.db")
        shelf = IndexShelf(
            base=base,
            indexes=Shared(indexes),
            versions=store,
            embedder=HashingEmbedder(),
            open_embedder=lambda name, dimension: HashingEmbedder(),
            chunking=Chunking(),
        )
        yield shelf
        await shelf.close()
        await store.close()

    return start


async def test_a_first_index_is_made_recorded_and_pointed_to(
    start: Open, indexes: SearchIndexes, base: str
) -> None:
    async with start() as shelf:
        live = await shelf.live()
        assert live.name.startswith(f"{base}-v1-20")
        assert [version.name for version in await shelf.versions()] == [live.name]
        assert await live.search_index.count() == 0
        assert await indexes.adopted(live.name) == live.name
    async with start() as again:
        assert (await again.live()).version == live.version


async def test_processes_that_start_at_once_share_one_index(start: Open) -> None:
    async def name() -> str:
        async with start() as shelf:
            return (await shelf.live()).name

    assert len(set(await asyncio.gather(*(name() for _ in range(8))))) == 1


async def test_an_index_from_before_is_taken_over_with_what_is_in_it(
    start: Open, indexes: SearchIndexes, base: str
) -> None:
    legacy = indexes.open(base, dimension=DIMENSION)
    written = passage("doc", content="copper")
    await legacy.write([replace(written, embedding=[1.0] + [0.0] * (DIMENSION - 1))])
    await legacy.close()
    async with start() as shelf:
        live = await shelf.live()
        assert (live.name, live.version.number) == (base, 1)
        await until_found(live.search_index, ask("copper", mode="text"), ["doc.1.0"])


async def test_an_index_from_before_that_holds_other_embeddings_is_not_recorded(
    start: Open, indexes: SearchIndexes, base: str
) -> None:
    """Else the setting could never be put right again."""
    legacy = indexes.open(base, dimension=16)
    await legacy.write([passage()])
    await legacy.close()
    async with start() as shelf:
        with pytest.raises(ConfigError):
            await shelf.live()
        assert await shelf._store.index_versions(base) == []
