import time
from dataclasses import replace

import pytest

from shared.domain import Chunk, IndexedChunk, PersonalToken
from shared.errors import BackendUnavailable
from shared.ingest import documents, pipeline
from shared.ingest.events import INGEST_QUEUE, decode
from shared.ingest.reconcile import reconcile
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


async def queued(services: Services) -> set[tuple[str, str]]:
    messages = await services.queue.receive(INGEST_QUEUE, limit=32, visibility=30)
    return {(event.name, event.type.rsplit(".", 1)[1]) for event in (decode(each.body) for each in messages)}


async def test_reconcile_announces_what_no_event_told(services: Services) -> None:
    await ingested(services, "Known.", "shared/known.txt")
    await ingested(services, "Changed.", "shared/changed.txt")
    await ingested(services, "Vanished.", "shared/vanished.txt")
    await put(services, "Changed since.", "shared/changed.txt")
    await put(services, "New.", "shared/new.txt")
    await services.blobs.delete("shared/vanished.txt")
    findings = await reconcile(services, stuck_after=600)
    assert (findings.announced, findings.vanished) == (2, 1)
    assert await queued(services) == {
        ("shared/changed.txt", "BlobCreated"),
        ("shared/new.txt", "BlobCreated"),
        ("shared/vanished.txt", "BlobDeleted"),
    }


async def test_reconcile_announces_again_what_was_left_unfinished(services: Services) -> None:
    await put(services, long_text("eta"))
    failing_write = with_live(services, index=lambda index: FailingIndex(index, fail_at=2))

    with pytest.raises(BackendUnavailable):
        await pipeline.ingest(NAME, failing_write)
    assert (await reconcile(services, stuck_after=600)).announced == 0
    assert (await reconcile(services, stuck_after=0)).announced == 1


async def test_reconcile_removes_chunks_that_no_query_can_see(services: Services) -> None:
    document = await ingested(services, "Kept.")

    chunk = Chunk(
        id="x.1.0", document_id="x", version=1, ordinal=0, page=1, title="", heading="", content="orphan"
    )
    embedding = await services.embedder.embed_query("orphan")
    orphan = IndexedChunk(chunk=chunk, embedding=embedding, readers=document.readers)
    stale = replace(orphan, chunk=replace(chunk, id=f"{DOCUMENT_ID}.0.0", document_id=DOCUMENT_ID, version=0))
    await (await live_index(services)).write([orphan, stale])
    assert (await reconcile(services, stuck_after=600)).orphans == 2
    assert await stored_versions(services) == {(DOCUMENT_ID, 1)}


async def test_reconcile_forgets_personal_tokens_a_month_after_their_end(services: Services) -> None:
    now, day = time.time(), 24 * 3600.0
    recent = PersonalToken(
        id="recent",
        token_hash="recent",
        user_id="ann",
        name="recent",
        scopes=frozenset({"ingest"}),
        created_at=now - 100 * day,
        expires_at=now - 29 * day,
    )
    old = replace(recent, id="old", token_hash="old", name="old", expires_at=now - 31 * day)
    for token in (recent, old):
        await services.metadata.add_personal_token(token)
    await reconcile(services, stuck_after=600)
    assert await services.metadata.personal_tokens("ann") == [recent]
