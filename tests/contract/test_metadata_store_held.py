"""What every metadata store promises about what each index shows of a document, and about counts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import EVERYONE, Document, DocumentStatus
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.contract.test_metadata_store_documents import blob, claimed, document, publish

LIVE = "documents-v1"  # what `publish` of these tests publishes in
BUILDING = "documents-v2-20261122t101010"
ID = document().id


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def stored(store: MetadataStore) -> Document:
    found = await store.document(ID)
    assert found is not None
    return found


async def shown(store: MetadataStore) -> tuple[int, int]:
    """What queries of the two indexes see."""
    now = await stored(store)
    return now.version_in(LIVE), now.version_in(BUILDING)


async def published(store: MetadataStore, etag: str = "e1") -> Document:
    await store.announce(document(), etag=etag)
    await publish(store, (await claimed(store, etag)).claimed_version)
    return await stored(store)


async def test_an_index_shows_the_current_version_once_it_holds_it(store: MetadataStore) -> None:
    before = await published(store)
    assert await shown(store) == (1, 0)
    assert await store.hold(ID, 1, index=BUILDING)
    assert await store.hold(ID, 1, index=BUILDING), "a repetition is no refusal"
    assert await shown(store) == (1, 1)
    assert (await stored(store)).updated_at == before.updated_at


async def test_other_indexes_show_what_they_had_until_they_hold_the_new_version(
    store: MetadataStore,
) -> None:
    await published(store)
    await store.hold(ID, 1, index=BUILDING)
    await published(store, "e2")
    assert await shown(store) == (2, 1)
    assert not await store.hold(ID, 1, index=BUILDING), "overtaken"
    assert await store.hold(ID, 2, index=BUILDING)
    assert await shown(store) == (2, 2)


@pytest.mark.parametrize("version", [0, 2])
async def test_only_the_current_version_can_be_held(store: MetadataStore, version: int) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    assert not await store.hold(ID, 1, index=BUILDING), "nothing is current yet"
    assert not await store.hold(ID, 0, index=BUILDING)
    await publish(store, 1)
    await claimed(store, "e2")
    assert not await store.hold(ID, version, index=BUILDING)
    assert not await store.hold("nobody", 1, index=BUILDING)
    assert (await stored(store)).held == ((LIVE, 1),)


async def test_unchanged_content_is_still_held(store: MetadataStore) -> None:
    await published(store)
    await store.hold(ID, 1, index=BUILDING)
    await claimed(store, "e2")
    await store.keep_current(ID, 2, now=6.0)
    assert await shown(store) == (1, 1)
    assert await store.hold(ID, 1, index="a third")


async def test_a_rejected_document_is_held_by_no_index(store: MetadataStore) -> None:
    await published(store)
    await store.hold(ID, 1, index=BUILDING)
    await claimed(store, "e2")
    await store.reject(ID, 2, reason="encrypted", now=6.0)
    assert (await stored(store)).held == ()
    assert not await store.hold(ID, 1, index=BUILDING)
    assert not await store.hold(ID, 0, index=BUILDING)


async def test_a_tombstone_is_held_by_no_index_and_comes_back_held_by_none(store: MetadataStore) -> None:
    await published(store)
    await store.hold(ID, 1, index=BUILDING)
    await store.bury(ID, now=6.0)
    assert (await stored(store)).held == ()
    assert not await store.hold(ID, 1, index=BUILDING)
    assert not await store.hold(ID, 0, index=BUILDING)
    assert (await store.announce(document(), etag="e2")).held == ()
    assert not await store.hold(ID, 1, index=BUILDING)


async def test_a_forgotten_index_is_named_by_no_document(store: MetadataStore) -> None:
    for name in ("shared/a.md", "shared/b.md"):
        await store.announce(document(name), etag="e1")
        await store.claim(f"id of {name}", blob(), now=2.0)
        await publish(store, 1, name=name)
    await store.hold(ID, 1, index=BUILDING)
    await store.forget_index(LIVE)
    await store.forget_index(LIVE)
    await store.forget_index("unknown")
    assert [found.held async for found in store.every_document()] == [((BUILDING, 1),), ()]
    assert (await stored(store)).current_version == 1


async def test_documents_are_counted_for_those_who_may_read_them(store: MetadataStore) -> None:
    given = {
        "a": frozenset({"user:ann", "group:x"}),
        "b": frozenset({"user:ann", EVERYONE}),
        "c": frozenset({"user:ben"}),
        "d": frozenset({"user:ann"}),
    }
    for name, readers in given.items():
        await store.announce(document(name, readers=readers), etag="e1")
    await store.claim("id of b", blob(), now=2.0)
    await store.bury("id of d", now=3.0)
    nobody = dict.fromkeys(DocumentStatus, 0)
    ann = await store.count_documents(readers=frozenset({"user:ann", "group:x", EVERYONE}))
    assert ann == nobody | {DocumentStatus.QUEUED: 1, DocumentStatus.PARSING: 1}
    assert await store.count_documents(readers=frozenset({"user:ben"})) == nobody | {DocumentStatus.QUEUED: 1}
    assert await store.count_documents(readers=frozenset()) == nobody
    assert await store.count_documents() == nobody | {
        DocumentStatus.QUEUED: 2,
        DocumentStatus.PARSING: 1,
        DocumentStatus.DELETED: 1,
    }


async def test_what_was_finished_lately_is_counted(store: MetadataStore) -> None:
    for number, name in enumerate("abcd", start=1):
        await store.announce(document(name, readers=frozenset({f"user:{name}", "user:x"})), etag="e1")
        await store.claim(f"id of {name}", blob(), now=float(number))
    await publish(store, 1, name="a", now=10.0)
    await publish(store, 1, name="b", now=20.0)
    await store.reject("id of c", 1, reason="x", now=30.0)
    assert await store.count_finished(since=10.0) == 3
    assert await store.count_finished(since=10.5) == 2
    assert await store.count_finished(since=31.0) == 0
    assert await store.count_finished(since=10.0, readers=frozenset({"user:a", "user:d"})) == 1
    assert await store.count_finished(since=10.5, readers=frozenset({"user:a", "user:x"})) == 2
    assert await store.count_finished(since=10.0, readers=frozenset()) == 0
    await store.bury("id of c", now=40.0)
    assert await store.count_finished(since=0.0) == 2
