"""What every metadata store promises about how many documents are parked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import EVERYONE, Document, DocumentStatus
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def parked(store: MetadataStore, name: str, *readers: str) -> str:
    document = Document(
        id=f"id of {name}",
        name=name,
        owner_id=None,
        readers=frozenset(readers),
        status=DocumentStatus.QUEUED,
    )
    await store.announce(document, etag="e")
    assert await store.park(document.id, reason="away", event="{}", now=2.0)
    return document.id


async def test_parked_documents_are_counted_once_for_whoever_may_read_them(store: MetadataStore) -> None:
    await parked(store, "a", "user:ann", EVERYONE)
    await parked(store, "b", "user:ben")
    assert await store.count_parked() == 2
    assert await store.count_parked(readers=frozenset({"user:ann", EVERYONE})) == 1
    assert await store.count_parked(readers=frozenset({"user:cid"})) == 0
    assert await store.count_parked(readers=frozenset()) == 0


async def test_what_is_queued_again_deleted_or_rejected_is_not_parked(store: MetadataStore) -> None:
    again, gone = await parked(store, "a", EVERYONE), await parked(store, "b", EVERYONE)
    rejected = await parked(store, "c", EVERYONE)
    await store.requeue(again, now=3.0)
    await store.bury(gone, now=3.0)
    await store.requeue(rejected, now=3.0)
    assert await store.reject(rejected, 0, reason="encrypted", now=4.0)
    assert await store.count_parked() == 0
    assert await store.count_parked(readers=frozenset({EVERYONE})) == 0
