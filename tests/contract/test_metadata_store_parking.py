"""What every metadata store promises about parking, and about failures that are told late."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.domain import Document, DocumentStatus
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.contract.test_metadata_store_documents import claimed, document, publish

ID = document().id


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def stored(store: MetadataStore) -> Document:
    found = await store.document(ID)
    assert found is not None
    return found


async def published(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await publish(store, 1)


async def park(store: MetadataStore) -> bool:
    return await store.park(ID, reason="the model is away", event='{"name": "a"}', now=7.0)


async def test_a_parked_document_keeps_its_event_and_what_it_shows(store: MetadataStore) -> None:
    await published(store)
    await claimed(store, "e2")
    assert await park(store)
    parked = await stored(store)
    assert (parked.status, parked.reason) == (DocumentStatus.FAILED, "the model is away")
    assert (parked.parked_event, parked.updated_at) == ('{"name": "a"}', 7.0)
    assert (parked.version_in("documents-v1"), parked.claimed_version, parked.etag) == (1, 2, "e2")


async def test_a_document_that_was_never_claimed_can_be_parked(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    assert await park(store)
    assert not await store.park(ID, reason="again", event="{}", now=8.0)
    assert (await stored(store)).reason == "the model is away"


async def reject(store: MetadataStore) -> None:
    await claimed(store, "e2")
    await store.reject(ID, 2, reason="encrypted", now=6.0)


async def bury(store: MetadataStore) -> None:
    await store.bury(ID, now=6.0)


async def nothing(store: MetadataStore) -> None:
    """The document stays indexed."""


@pytest.mark.parametrize("ending", [nothing, reject, bury])
async def test_what_came_to_an_end_is_not_parked(
    store: MetadataStore, ending: Callable[[MetadataStore], Awaitable[None]]
) -> None:
    await published(store)
    await ending(store)
    before = await stored(store)
    assert not await park(store)
    assert await stored(store) == before
    assert not await store.park("nobody", reason="x", event="{}", now=7.0)


async def test_a_parked_document_is_not_published_by_a_twin(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await park(store)
    assert not await publish(store, 1)
    assert (await claimed(store, "e1")).parked_event is not None, "the same event again"


async def requeue(store: MetadataStore) -> None:
    await store.requeue(ID, now=8.0)


async def claim_another(store: MetadataStore) -> None:
    await claimed(store, "e2")


async def announce_another(store: MetadataStore) -> None:
    await store.announce(document(), etag="e2")


@pytest.mark.parametrize("way_out", [requeue, claim_another, announce_another, bury])
async def test_the_event_of_a_parked_document_is_forgotten_when_it_moves_on(
    store: MetadataStore, way_out: Callable[[MetadataStore], Awaitable[None]]
) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await park(store)
    await way_out(store)
    assert (await stored(store)).parked_event is None


async def test_a_retried_document_is_published_without_the_event(store: MetadataStore) -> None:
    await store.announce(document(), etag="e1")
    await claimed(store)
    await park(store)
    await store.requeue(ID, now=8.0)
    again = await claimed(store, "e1")
    assert (again.status, again.claimed_version) == (DocumentStatus.PARSING, 2)
    assert await publish(store, 2)
    assert (await stored(store)).parked_event is None


async def test_what_is_indexed_stays_so_whatever_a_twin_that_failed_reports(store: MetadataStore) -> None:
    await published(store)
    assert not await store.set_status(ID, 1, DocumentStatus.EMBEDDING, reason="busy", now=9.0)
    assert ((await stored(store)).status, (await stored(store)).reason) == (DocumentStatus.INDEXED, None)


async def test_a_burial_that_is_late_leaves_what_changed_since(store: MetadataStore) -> None:
    await published(store)
    seen_at = (await stored(store)).updated_at
    assert await store.set_readers(ID, frozenset({"user:ada"}), now=8.0)
    assert await store.bury(ID, now=9.0, seen_at=seen_at) is None
    assert (await stored(store)).readers == {"user:ada"}
    assert await store.bury(ID, now=9.0, seen_at=8.0) is not None
    assert (await stored(store)).status is DocumentStatus.DELETED
