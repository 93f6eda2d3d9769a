"""Documents as MongoDB had them before indexes had versions: read, filled anew, changed like any other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from shared.domain import DEFAULT_ORGANISATION, EVERYONE, Filters, Group, Organisation, organisation_reader
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.servers import mongo

# Users as they were before there were organisations.
USER = {
    "_id": "ann",
    "email": "ann@example.org",
    "password_hash": "hash",
    "is_administrator": True,
    "created_at": 1.0,
    "is_disabled": False,
    "seat": "first",
    "writes": ["mark"],
}
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
    database = client[mongo.database_for(tmp_path)]
    own = {
        **ROW,
        "_id": "own",
        "name": "users/ann/d.md",
        "owner_id": "ann",
        "readers": ["everyone", "user:ann"],
    }
    await database["documents"].insert_many([dict(ROW), own])
    await database["users"].insert_one(dict(USER))
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
    assert await store.matching(Filters(types=frozenset({"md"})), readers=None, limit=2) == ["d", "own"]
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


async def test_an_older_user_is_of_the_default_organisation(store: MetadataStore) -> None:
    standing = await store.standing("ann")
    assert standing is not None
    assert (standing.user.organisation_id, standing.groups) == (DEFAULT_ORGANISATION, frozenset())
    assert await store.list_users(organisation_id=DEFAULT_ORGANISATION) == [standing.user]
    assert await store.list_users(organisation_id="acme") == []
    await store.add_group(Group(id="g", organisation_id=DEFAULT_ORGANISATION, name="g", created_at=1.0))
    assert await store.add_member("g", "ann")
    assert await store.members("g") == [standing.user]
    assert await store.set_user("ann", is_administrator=False) is None
    assert await store.set_user("ann", manages_organisation=True) is not None


async def test_what_an_owner_shared_with_everyone_is_never_told_to_a_second_organisation(
    store: MetadataStore,
) -> None:
    await store.add_organisation(Organisation(id="acme", name="Acme", created_at=1.0))
    everyones, own = await store.document("d"), await store.document("own")
    assert everyones is not None
    assert own is not None
    assert everyones.readers == {EVERYONE}
    assert own.readers == {"user:ann", organisation_reader(DEFAULT_ORGANISATION)}
