"""What every metadata store promises about one document: fencing, retries, tombstones."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import EVERYONE, BlobProperties, Document, DocumentStatus, user_reader
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


def document(name: str = "shared/a.md", **changes: object) -> Document:
    made = Document(
        id=f"id of {name}",
        name=name,
        owner_id=None,
        readers=frozenset({EVERYONE}),
        status=DocumentStatus.QUEUED,
        size=1,
        created_at=1.0,
        updated_at=1.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def blob(etag: str = "e1", size: int = 7) -> BlobProperties:
    return BlobProperties(name="shared/a.md", etag=etag, size=size, modified_at=1.0)


async def publish(store: MetadataStore, version: int, *, name: str = "shared/a.md", now: float = 5.0) -> bool:
    return await store.publish(
        f"id of {name}",
        version,
        index="documents-v1",
        content_hash="hash",
        title="A title",
        pages=3,
        page_kind="slide",
        chunks=9,
        timings=(("parse", 1.5), ("embed", 20.0)),
        now=now,
    )


async def claimed(store: MetadataStore, etag: str = "e1", *, now: float = 2.0) -> Document:
    claim = await store.claim("id of shared/a.md", blob(etag), now=now)
    assert claim is not None
    return claim


async def test_a_new_document_is_stored_as_given_but_unclaimed(store: MetadataStore) -> None:
    given = document(owner_id="u", readers=frozenset({EVERYONE, user_reader("u")}), title="T", pages=2)
    assert await store.announce(given, etag="e1") == given
    assert await store.document(given.id) == given
    assert await store.document("other") is None


async def test_a_claim_gives_the_next_version_and_the_blobs_properties(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    first = await claimed(store, now=2.0)
    assert (first.claimed_version, first.status, first.etag) == (1, DocumentStatus.PARSING, "e1")
    assert (first.current_version, first.size, first.updated_at) == (0, 7, 2.0)
    assert (await claimed(store, "e2")).claimed_version == 2


async def test_the_same_etag_keeps_its_version_for_a_retry(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    version = (await claimed(store)).claimed_version
    await store.set_status(document().id, version, DocumentStatus.EMBEDDING, reason=None, now=3.0)
    again = await claimed(store)
    assert (again.claimed_version, again.status) == (version, DocumentStatus.PARSING)


async def test_a_doubled_event_changes_nothing_once_indexed_or_failed(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await publish(store, 1)
    indexed = await store.document(document().id)
    assert await claimed(store, now=9.0) == indexed
    assert await store.announce(document(updated_at=9.0), etag="e1") == indexed
    await claimed(store, "e2")
    await store.reject(document().id, 2, reason="encrypted", now=6.0)
    assert (await claimed(store, "e2", now=9.0)).reason == "encrypted"


async def test_a_claim_of_an_unknown_document_is_refused(store: MetadataStore) -> None:
    assert await store.claim("nobody", blob(), now=1.0) is None


async def test_publishing_shows_the_whole_version(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    assert await publish(store, 1, now=5.0)
    assert await store.document(document().id) == document(
        status=DocumentStatus.INDEXED,
        etag="e1",
        content_hash="hash",
        size=7,
        claimed_version=1,
        current_version=1,
        title="A title",
        pages=3,
        page_kind="slide",
        chunks=9,
        updated_at=5.0,
        indexed_at=5.0,
        timings=(("parse", 1.5), ("embed", 20.0)),
        held=(("documents-v1", 1),),
    )


async def test_an_announced_change_keeps_the_current_version_visible(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await publish(store, 1)
    stored = await store.announce(
        document(size=50, owner_id="thief", readers=frozenset(), updated_at=6.0), etag="e2"
    )
    assert (stored.status, stored.size, stored.updated_at) == (DocumentStatus.QUEUED, 50, 6.0)
    assert (stored.current_version, stored.owner_id, stored.readers) == (1, None, frozenset({EVERYONE}))


async def test_the_older_of_two_writers_changes_nothing(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    old = (await claimed(store, "e1")).claimed_version
    new = (await claimed(store, "e2")).claimed_version
    before = await store.document(document().id)
    assert not await publish(store, old)
    assert not await store.set_status(document().id, old, DocumentStatus.FAILED, reason="x", now=9.0)
    assert not await store.reject(document().id, old, reason="x", now=9.0)
    assert not await store.keep_current(document().id, old, now=9.0)
    assert await store.document(document().id) == before
    assert await publish(store, new)
    assert not await publish(store, old)


async def test_nothing_can_be_published_that_was_never_claimed(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    assert not await publish(store, 0)
    assert not await publish(store, 1)
    assert await store.set_status(document().id, 0, DocumentStatus.FAILED, reason="parked", now=2.0)


async def test_unchanged_content_keeps_the_current_version(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store, "e1")
    assert not await store.keep_current(document().id, 1, now=3.0), "there is nothing current yet"
    await publish(store, 1)
    await claimed(store, "e2")
    assert await store.keep_current(document().id, 2, now=6.0)
    kept = await store.document(document().id)
    assert kept is not None
    assert (kept.status, kept.current_version, kept.claimed_version) == (DocumentStatus.INDEXED, 1, 2)
    assert (await claimed(store, "e2")).status is DocumentStatus.INDEXED


async def test_a_rejected_document_hides_what_it_showed_before(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store, "e1")
    await publish(store, 1)
    await claimed(store, "e2")
    assert await store.reject(document().id, 2, reason="encrypted", now=6.0)
    failed = await store.document(document().id)
    assert failed is not None
    assert (failed.status, failed.reason) == (DocumentStatus.FAILED, "encrypted")
    assert (failed.current_version, failed.content_hash) == (0, None)


async def test_requeue_makes_the_next_claim_a_fresh_try(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await store.reject(document().id, 1, reason="encrypted", now=3.0)
    assert await store.requeue(document().id, now=4.0)
    queued = await store.document(document().id)
    assert queued is not None
    assert (queued.status, queued.reason) == (DocumentStatus.QUEUED, None)
    fresh = await claimed(store)
    assert (fresh.claimed_version, fresh.status) == (2, DocumentStatus.PARSING)
    assert not await store.requeue("nobody", now=4.0)


async def test_burying_in_mid_ingest_makes_the_writer_fail(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    version = (await claimed(store)).claimed_version
    before = await store.bury(document().id, now=3.0)
    assert before is not None
    assert (before.status, before.claimed_version) == (DocumentStatus.PARSING, version)
    assert not await publish(store, version)
    tombstone = await store.document(document().id)
    assert tombstone is not None
    assert (tombstone.status, tombstone.current_version) == (DocumentStatus.DELETED, 0)
    assert tombstone.claimed_version == version + 1


async def test_a_tombstone_refuses_everything_but_a_new_announcement(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await store.bury(document().id, now=3.0)
    buried = await store.document(document().id)
    assert buried is not None
    version = buried.claimed_version
    assert await store.claim(document().id, blob(), now=4.0) is None
    assert not await publish(store, version)
    assert not await store.set_status(document().id, version, DocumentStatus.FAILED, reason="x", now=4.0)
    assert not await store.reject(document().id, version, reason="x", now=4.0)
    assert not await store.requeue(document().id, now=4.0)
    assert not await store.set_readers(document().id, frozenset(), now=4.0)
    assert await store.bury(document().id, now=4.0) == buried
    assert await store.document(document().id) == buried
    assert await store.bury("nobody", now=4.0) is None


async def test_a_revived_document_goes_on_counting_versions(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await publish(store, 1)
    await store.bury(document().id, now=3.0)
    revived = await store.announce(
        document(owner_id="u", readers=frozenset({"user:u"}), created_at=8.0, size=4, updated_at=8.0),
        etag="e1",
    )
    assert (revived.status, revived.current_version) == (DocumentStatus.QUEUED, 0)
    assert (revived.owner_id, revived.readers, revived.created_at) == ("u", frozenset({"user:u"}), 8.0)
    assert revived.content_hash is None
    assert (revived.title, revived.pages, revived.chunks) == ("", 0, 0)  # of another document by now
    assert not await publish(store, 1), "a writer from before the deletion"
    again = await claimed(store)
    assert again.claimed_version > 2
    assert await publish(store, again.claimed_version)
    assert [d.id for d in await store.list_documents(readers=frozenset({"user:u"}))] == [document().id]
    assert await store.list_documents(readers=frozenset({EVERYONE})) == []


async def test_only_old_tombstones_are_forgotten(store: MetadataStore) -> None:
    for name, now in (("a", 3.0), ("b", 10.0)):
        await store.announce(document(name), etag="e1")
        await store.bury(f"id of {name}", now=now)
    await store.announce(document("c"), etag="e1")
    assert await store.purge_tombstones(before=10.0) == 1
    assert [document.name async for document in store.every_document()] == ["b", "c"]
