"""Documents as MongoDB had them before indexes had versions: read, filled anew, changed like any other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from shared.domain import Filters
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.servers import mongo

ROW = {
    "_id": "d",
    "name": "shared/d.md",
    "owner_id": None,
    "readers": ["everyone"],
    "status": "indexed",
    "reason": None,
    "etag": "e1",
    "content_hash": "h",
    "size": 7,
    "claimed_version": 4,
    "current_version": 3,
    "title": "D",
    "pages": 2,
    "page_kind": "page",
    "chunks": 9,
    "created_at": 1.0,
    "updated_at": 2.0,
    "indexed_at": 2.0,
    "timings": [["parse", 1.5]],
    "writes": ["mark"],
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[MetadataStore]:
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongo.address())
    await client[mongo.database_for(tmp_path)]["documents"].insert_one(dict(ROW))
    await client.close()
    async with METADATA_STORES["mongo"](tmp_path) as store:
        yield store


async def test_an_older_document_is_read_and_shown_by_no_index_until_it_is_filled(
    store: MetadataStore,
) -> None:
    older = await store.document("d")
    assert older is not None
    assert (older.current_version, older.held, older.parked_event) == (3, (), None)
    assert older.version_in("documents-v1") == 0
    assert older.tags == frozenset()
    assert await store.matching(Filters(types=frozenset({"md"})), readers=None, limit=1) == ["d"]
    assert await store.matching(Filters(tags=frozenset({"hr"})), readers=None, limit=1) == []
    assert await store.set_tags("d", frozenset({"hr"}), now=3.0)
    assert await store.matching(Filters(tags=frozenset({"hr"})), readers=None, limit=1) == ["d"]
    assert await store.hold("d", 3, index="documents-v1")
    held = await store.document("d")
    assert held is not None
    assert held.held == (("documents-v1", 3),)


async def test_an_older_document_is_forgotten_by_an_index_and_buried(store: MetadataStore) -> None:
    await store.forget_index("documents-v1")
    assert await store.bury("d", now=3.0) is not None
    buried = await store.document("d")
    assert buried is not None
    assert (buried.held, buried.claimed_version) == ((), 5)
