"""The reconciler looks at as many blobs and documents as there are, and holds none of them."""

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain import BlobProperties, Document, DocumentStatus
from shared.ingest.reconcile import Findings, reconcile
from tests.stand_ins.pipeline_services import pipeline_services

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_MANY = 200_000
_MIB = 1024 * 1024
_CHANGED = 50_000  # one in so many has changed since


class ManyBlobs:
    async def list(self) -> AsyncIterator[BlobProperties]:
        for number in range(_MANY):
            etag = "other" if number % _CHANGED == 0 else "e1"
            yield BlobProperties(name=f"shared/{number:07}.txt", etag=etag, size=1, modified_at=0.0)


class ManyDocuments:
    """As many in the record; the rest is that of the real store."""

    def __init__(self, store: Any, index: str) -> None:
        self._store, self._index = store, index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def every_document(self) -> AsyncIterator[Document]:
        for number in range(_MANY):
            yield self._document(f"{number:07}")

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        return {each: self._document(each) for each in document_ids}

    def _document(self, identifier: str) -> Document:
        return Document(
            id=identifier,
            name=f"shared/{identifier}.txt",
            owner_id=None,
            readers=frozenset(),
            status=DocumentStatus.INDEXED,
            etag="e1",
            claimed_version=1,
            current_version=1,
            held=((self._index, 1),),
        )


async def versions_of_many() -> AsyncIterator[tuple[str, int]]:
    for number in range(_MANY // 10):
        yield f"{number:07}", 1


async def test_memory_does_not_grow_with_the_number_of_documents(tmp_path: Path) -> None:
    real = pipeline_services(tmp_path)
    live = await real.shelf.live()
    live.search_index.versions = versions_of_many  # type: ignore[method-assign]
    many = replace(real, blobs=ManyBlobs(), metadata=ManyDocuments(real.metadata, live.name))
    tracemalloc.start()
    try:
        findings = await reconcile(many, stuck_after=600)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert findings == Findings(announced=_MANY // _CHANGED, filled=0, vanished=0, orphans=0)
    assert peak < 4 * _MIB
    for plug in (real.shelf, real.queue, real.cache, real.metadata, real.blobs):
        await plug.close()
