from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

import pytest

from shared.domain import EVERYONE, DocumentStatus, Principal, Question
from shared.errors import BackendUnavailable
from shared.ingest import documents, pipeline
from shared.query.retrieve import search
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
READER = Principal(user_id="u1", email="u1@example.com")


async def found(services: Services, question: str, principal: Principal = READER) -> list[str]:
    result = await search(
        Question(text=question, top_k=5),
        principal,
        index=await services.shelf.live(),
        metadata=services.metadata,
        timeout=30,
    )
    return [passage.chunk.content for passage in result.passages]


async def test_a_blob_becomes_an_indexed_document_with_its_pages(services: Services) -> None:
    document = await ingested(services, "The warranty lasts two years.\fReturns take a week.")
    assert (document.status, document.pages, document.current_version) == (DocumentStatus.INDEXED, 2, 1)
    assert document.readers == frozenset({EVERYONE})
    assert "total" in dict(document.timings)
    assert (await found(services, "How long is the warranty?"))[0] == "The warranty lasts two years."


async def test_a_new_version_replaces_the_old_one_whole(services: Services) -> None:
    await ingested(services, long_text("alpha"))
    document = await ingested(services, long_text("beta", pages=3))
    assert document.current_version == 2
    assert await stored_versions(services) == {(DOCUMENT_ID, 2)}
    assert not any("alpha" in text for text in await found(services, "the alpha edition tells"))


async def test_a_doubled_event_does_nothing(services: Services) -> None:
    document = await ingested(services, "Once.")
    assert await pipeline.ingest(NAME, services) == document


async def test_the_same_content_under_a_new_etag_is_not_embedded_again(services: Services) -> None:
    await ingested(services, "The same.")
    before = len(services.embedder.embedded)
    document = await ingested(services, "The same.")
    assert len(services.embedder.embedded) == before
    assert (document.status, document.current_version) == (DocumentStatus.INDEXED, 1)
    assert await found(services, "the same") == ["The same."]


async def test_a_file_that_can_never_be_parsed_fails_once_with_its_reason(services: Services) -> None:
    document = await ingested(services, "BROKEN")
    assert (document.status, document.reason) == (DocumentStatus.FAILED, "the file is broken on purpose")
    assert await pipeline.ingest(NAME, services) == document


async def test_a_rejected_upload_hides_the_version_before_it(services: Services) -> None:
    await ingested(services, "Old terms hold.")
    await ingested(services, "BROKEN")
    assert await found(services, "old terms") == []
    assert await stored_versions(services) == set()
    revived = await ingested(services, "New terms hold.")
    assert revived.status is DocumentStatus.INDEXED
    assert await found(services, "new terms") == ["New terms hold."]


async def test_a_deleted_blob_takes_its_document_along(services: Services) -> None:
    await ingested(services, "Gone tomorrow.")
    await services.blobs.delete(NAME)
    assert await pipeline.ingest(NAME, services) is None
    assert await found(services, "gone tomorrow") == []
    assert await stored_versions(services) == set()
    document = await ingested(services, "Back again.")
    assert document.current_version > 1
    assert await found(services, "back again") == ["Back again."]


async def test_a_retry_continues_after_the_last_finished_batch(services: Services, tmp_path: Path) -> None:

    failing = with_live(services, index=lambda index: FailingIndex(index, fail_at=3))
    await put(services, long_text("gamma"))
    with pytest.raises(BackendUnavailable):
        await pipeline.ingest(NAME, failing)
    embedded = len(services.embedder.embedded)
    document = await pipeline.ingest(NAME, services)
    assert document is not None
    assert document.status is DocumentStatus.INDEXED
    assert (embedded, len(services.embedder.embedded)) == (12, 16)  # batches of 4: two kept, the third again
    assert await (await live_index(services)).count() == document.chunks == 12


class InterruptedEmbedder:
    """Runs `interrupt` before the second batch of passages."""

    def __init__(self, embedder, interrupt) -> None:
        self._embedder, self._interrupt, self._batches = embedder, interrupt, 0

    def __getattr__(self, name: str):
        return getattr(self._embedder, name)

    async def embed_passages(self, texts, **more):
        self._batches += 1
        if self._batches == 2:
            await self._interrupt()
        return await self._embedder.embed_passages(texts, **more)


def interrupted(services: Services, then: Callable[[], Awaitable[None]]) -> Services:
    return with_live(services, embedder=lambda embedder: InterruptedEmbedder(embedder, then))


async def test_queries_see_the_old_version_whole_until_the_flip(services: Services) -> None:

    await ingested(services, long_text("alpha"))
    seen: list[str] = []

    async def look() -> None:
        seen.extend(await found(services, "edition tells about"))

    await put(services, long_text("beta"))
    await pipeline.ingest(NAME, interrupted(services, look))
    assert len(seen) == 5
    assert all("alpha" in text for text in seen)
    assert all("beta" in text for text in await found(services, "edition tells about"))


class LateIndex:
    """The real index; after its first search `meanwhile` happens, before the caller sees the hits."""

    def __init__(self, index, meanwhile) -> None:
        self._index, self._meanwhile = index, meanwhile

    def __getattr__(self, name: str):
        return getattr(self._index, name)

    async def search(self, query):
        hits = await self._index.search(query)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            await meanwhile()
        return hits


async def test_a_version_published_in_mid_query_leaves_no_gap(services: Services) -> None:
    async def publish() -> None:
        await ingested(services, long_text("beta"))

    await ingested(services, long_text("alpha"))
    late = with_live(services, index=lambda index: LateIndex(index, publish))
    texts = await found(late, "edition tells about")
    assert len(texts) == 5
    assert all("beta" in text for text in texts)


async def test_a_delete_in_mid_ingest_wins(services: Services) -> None:

    async def delete() -> None:
        await services.blobs.delete(NAME)
        await pipeline.remove(NAME, services)

    await put(services, long_text("delta"))
    await pipeline.ingest(NAME, interrupted(services, delete))
    document = await services.metadata.document(DOCUMENT_ID)
    assert document is not None
    assert document.status is DocumentStatus.DELETED
    assert await stored_versions(services) == set()


async def test_a_late_twin_does_not_take_away_what_the_other_has_published(services: Services) -> None:
    elsewhere = replace(services, turns=WeakValueDictionary())  # as another process has it

    async def twin_publishes_and_a_newer_upload_is_claimed() -> None:
        await pipeline.ingest(NAME, elsewhere)
        await put(services, long_text("newer"))
        blob = await services.blobs.head(NAME)
        assert await services.metadata.claim(DOCUMENT_ID, blob, now=1.0)

    await put(services, long_text("twin"))
    await pipeline.ingest(NAME, interrupted(services, twin_publishes_and_a_newer_upload_is_claimed))
    assert all("twin" in text for text in await found(services, "edition tells about"))
    assert len(await found(services, "edition tells about")) == 5


async def test_a_twin_does_not_publish_what_was_rejected(services: Services) -> None:
    async def twin_rejects() -> None:
        document = await services.metadata.document(DOCUMENT_ID)
        assert document is not None
        version = document.claimed_version
        await services.metadata.reject(DOCUMENT_ID, version, reason="the file is odd", now=1.0)
        await (await live_index(services)).delete_versions(DOCUMENT_ID, last=version)

    await put(services, long_text("theta"))
    document = await pipeline.ingest(NAME, interrupted(services, twin_rejects))
    assert document is not None
    assert (document.status, document.current_version) == (DocumentStatus.FAILED, 0)
    assert await stored_versions(services) == set()


async def test_a_new_upload_in_mid_ingest_wins(services: Services) -> None:

    async def upload() -> None:
        await ingested(services, "Newer words only.")

    await put(services, long_text("epsilon"))
    document = await pipeline.ingest(NAME, interrupted(services, upload))
    assert document is not None
    assert (document.status, document.current_version) == (DocumentStatus.INDEXED, 2)
    assert await stored_versions(services) == {(DOCUMENT_ID, 2)}
    assert await found(services, "newer words") == ["Newer words only."]


async def test_readers_changed_in_mid_ingest_reach_every_chunk(services: Services) -> None:

    name = "users/u2/notes.txt"
    other = Principal(user_id="u2", email="u2@example.com")

    async def share() -> None:
        await services.metadata.set_readers(
            documents.document_id(name), frozenset({EVERYONE, "user:u2"}), now=1.0
        )

    await put(services, long_text("zeta"), name)
    await pipeline.ingest(name, interrupted(services, share))
    assert await found(services, "zeta1.") == await found(services, "zeta1.", other) != []
