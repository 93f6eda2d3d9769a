"""What every metadata store promises about how far an index is filled."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import BlobProperties
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.contract.test_metadata_store_documents import document, publish

BUILDING = "documents-v2-20261122t101010"


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def put(store: MetadataStore, name: str, etag: str) -> int:
    """Its version, claimed and not yet published."""
    made = document(id=f"id of {name}", name=name)
    await store.announce(made, etag=etag)
    blob = BlobProperties(name=name, etag=etag, size=1, modified_at=1.0)
    claim = await store.claim(made.id, blob, now=2.0)
    assert claim is not None
    return claim.claimed_version


async def test_an_index_is_counted_against_the_documents_that_have_a_current_version(
    store: MetadataStore,
) -> None:
    assert await store.count_held(BUILDING) == (0, 0)
    for name in ("a", "b", "c", "gone"):
        assert await publish(store, await put(store, name, "e1"), name=name)
        assert await store.hold(f"id of {name}", 1, index=BUILDING)
    assert await publish(store, await put(store, "b", "e2"), name="b")  # it has the one before
    await put(store, "new", "e1")  # nothing to be seen of it yet
    await store.bury("id of gone", now=9.0)
    assert await store.count_held(BUILDING) == (3, 2)
    assert await store.count_held("documents-v1") == (3, 3)
    assert await store.count_held("unknown") == (3, 0)
