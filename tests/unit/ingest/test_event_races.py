"""Interleavings that the simulator (tests/simulation) has found, each by itself."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import EVERYONE, Document, SearchQuery, user_reader
from shared.errors import BackendUnavailable
from shared.ingest import documents, pipeline
from shared.ingest.readers import share
from shared.services import Services
from tests.stand_ins.pipeline_services import (
    NAME,
    FailingIndex,
    ingested,
    live_index,
    long_text,
    put,
    stored_versions,
    with_live,
)

DOCUMENT_ID = documents.document_id(NAME)
PUBLIC, ANN = frozenset({EVERYONE}), frozenset({user_reader("ann")})


class After:
    """The real plug; what `then` does happens right behind the first call of `method`."""

    def __init__(self, plug: Any, method: str, then: Any) -> None:
        self._plug, self._method, self._then = plug, method, then

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._plug, name)

        async def call(*given: Any, **named: Any) -> Any:
            result = await getattr(self._plug, name)(*given, **named)
            then, self._then = self._then, None
            if then is not None:
                await then()
            return result

        return call


async def test_a_repeated_deletion_leaves_the_chunks_of_what_came_back_since(services: Services) -> None:
    await ingested(services, "Old.")
    await services.blobs.delete(NAME)
    await pipeline.remove(NAME, services)
    came_back: list[Document] = []

    async def come_back() -> None:
        came_back.append(await ingested(services, "New."))

    late = replace(services, metadata=After(services.metadata, "bury", come_back))
    await pipeline.remove(NAME, late)
    assert await stored_versions(services) == {(DOCUMENT_ID, came_back[0].current_version)}


async def found_by(services: Services, readers: frozenset[str]) -> int:
    """How many chunks the index shows them."""
    embedding = await services.embedder.embed_query("page")
    query = SearchQuery(text="", embedding=embedding, top_k=100, readers=readers, mode="vector")
    return len(await (await live_index(services)).search(query))


async def test_of_two_sharings_at_once_the_index_ends_with_the_recorded_one(services: Services) -> None:
    await ingested(services, "Shared.")

    async def second() -> None:
        assert await share(DOCUMENT_ID, PUBLIC, services)

    first = replace(services, metadata=After(services.metadata, "set_readers", second))
    assert await share(DOCUMENT_ID, ANN, first)
    assert (await found_by(services, PUBLIC), await found_by(services, ANN)) == (1, 0)


async def test_a_retry_gives_what_it_finds_written_the_readers_of_now(services: Services) -> None:
    await put(services, long_text("theta", pages=12))
    with pytest.raises(BackendUnavailable):
        await pipeline.ingest(NAME, with_live(services, index=lambda index: FailingIndex(index, fail_at=2)))
    # As if a write with the old readers had arrived after the index was told the new ones.
    await services.metadata.set_readers(DOCUMENT_ID, ANN, now=time.time())
    await pipeline.ingest(NAME, services)
    assert (await found_by(services, PUBLIC), await found_by(services, ANN)) == (0, 12)


async def test_readers_changed_and_changed_back_during_a_write_are_those_of_the_record(
    services: Services,
) -> None:
    await put(services, long_text("iota", pages=12))

    async def share_with_ann() -> None:
        await services.metadata.set_readers(DOCUMENT_ID, ANN, now=time.time())

    async def share_with_all() -> None:
        await services.metadata.set_readers(DOCUMENT_ID, PUBLIC, now=time.time())

    changing = with_live(
        replace(services, metadata=After(services.metadata, "set_status", share_with_ann)),
        index=lambda index: After(index, "write", share_with_all),
    )
    await pipeline.ingest(NAME, changing)
    assert (await found_by(services, PUBLIC), await found_by(services, ANN)) == (12, 0)


async def test_a_late_look_at_a_missing_blob_leaves_whom_its_successor_is_shared_with(
    services: Services,
) -> None:
    await ingested(services, "Old.")
    await services.blobs.delete(NAME)

    async def come_back() -> None:
        await ingested(services, "New.")
        assert await share(DOCUMENT_ID, ANN, services)

    await pipeline.ingest(NAME, replace(services, blobs=After(services.blobs, "head", come_back)))
    found = await services.metadata.document(DOCUMENT_ID)
    assert found is not None
    assert (found.readers, found.status.value) == (ANN, "indexed")
    assert await stored_versions(services) == {(DOCUMENT_ID, found.current_version)}


async def test_two_deliveries_of_one_event_do_the_work_once(services: Services) -> None:
    await put(services, long_text("alpha"))
    both = await asyncio.gather(*(pipeline.ingest(NAME, services) for _ in range(2)))
    assert [found.status.value for found in both if found is not None] == ["indexed", "indexed"]
    assert len(services.embedder.embedded) == len(set(services.embedder.embedded)) == 12
