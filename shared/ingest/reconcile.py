"""Finds what no event told: lost, doubled and reordered events end here. Called by the timer and at start.

Nothing is repaired in place: every difference between blobs and documents becomes an event on the
ingest queue, so that one code path does all the work. Only orphan chunks are removed directly.
"""

import logging
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from shared.domain import BlobProperties, Document, DocumentStatus
from shared.ingest import builds
from shared.ingest.events import INGEST_QUEUE, EventType, StorageEvent, encode
from shared.ingest.versions import FILL_QUEUE, FillEvent, send, spread
from shared.search_indexes.base import SearchIndex
from shared.services import Services
from shared.telemetry import traces
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_TOMBSTONE_LIFE = 30 * 24 * 3600.0  # seconds; longer than any event can be late
_EXPIRED_TOKEN_LIFE = 30 * 24 * 3600.0  # seconds; so long its owner sees why a machine is refused
_BATCH = 200
_FILLS = 1_000  # events that are sent at once for documents that indexes lack; others follow page by page
_INDEX_GRACE = 24 * 3600.0  # seconds, as RAG_INDEX_GRACE_HOURS says by default
UNFINISHED = (DocumentStatus.QUEUED, DocumentStatus.PARSING, DocumentStatus.EMBEDDING)


@dataclass(frozen=True, kw_only=True)
class Findings:
    announced: int  # blobs whose event was sent again
    filled: int  # documents that an index lacked
    vanished: int  # documents without a blob
    orphans: int  # chunks that no query could ever see


async def reconcile(services: Services, *, stuck_after: float, index_grace: float = _INDEX_GRACE) -> Findings:
    """Compare blobs, documents and chunks, page by page; both listings are in order of name.

    `stuck_after`: seconds without progress after which an unfinished document is announced again.
    `index_grace`: seconds for which an index that was live is kept.
    """
    with traces.span("ingest.reconcile") as span:
        findings = await _reconcile(services, stuck_after, index_grace)
        span.set({f"rag.{name}": count for name, count in asdict(findings).items()})
        event(log, "reconciled", **asdict(findings))
        return findings


async def _reconcile(services: Services, stuck_after: float, index_grace: float) -> Findings:
    announced = vanished = filled = 0
    named: set[str] = set()
    now = time.time()
    versions = await services.shelf.filled()
    # What waits there is on its way already: a large build is not announced again and again.
    is_filling = bool(await services.queue.length(FILL_QUEUE))
    async for blob, document in _joined(services.blobs.list(), services.metadata.every_document()):
        if document is not None:
            named.update(index for index, _ in document.held)
        if blob is None:
            if document is not None and document.status is not DocumentStatus.DELETED:
                await _send(document.name, "Microsoft.Storage.BlobDeleted", services)
                vanished += 1
        elif _needs_work(blob, document, stuck_before=now - stuck_after):
            await _send(blob.name, "Microsoft.Storage.BlobCreated", services)
            announced += 1
        elif document is not None and not is_filling:
            filled += await spread(document, versions, services)
            if filled >= _FILLS:
                is_filling = True
                for version in versions:
                    await send(FillEvent(index=version.name, after=document.name), services)
    orphans = 0
    for version in versions:
        orphans += await _remove_orphans(version.name, services.shelf.search_index(version), services)
    await builds.tidy(services, grace=index_grace, named=named)
    await services.metadata.purge_tombstones(before=now - _TOMBSTONE_LIFE)
    await services.metadata.purge_refresh_tokens(before=now)
    await services.metadata.purge_personal_tokens(before=now - _EXPIRED_TOKEN_LIFE)
    return Findings(announced=announced, filled=filled, vanished=vanished, orphans=orphans)


def _needs_work(blob: BlobProperties, document: Document | None, *, stuck_before: float) -> bool:
    if document is None or document.status is DocumentStatus.DELETED:
        return True
    if document.status in UNFINISHED:
        return document.updated_at <= stuck_before
    if document.parked_event is not None and document.etag in (None, blob.etag):
        return blob.modified_at > document.updated_at  # else only a person's retry brings it back
    return document.etag != blob.etag


async def _send(name: str, kind: EventType, services: Services) -> None:
    await services.queue.send(INGEST_QUEUE, encode(StorageEvent(name=name, type=kind)))


async def _joined(
    blobs: AsyncIterator[BlobProperties], documents: AsyncIterator[Document]
) -> AsyncIterator[tuple[BlobProperties | None, Document | None]]:
    """An outer join by name of two listings in order of name."""
    blob, document = await anext(blobs, None), await anext(documents, None)
    while blob is not None or document is not None:
        if document is None or (blob is not None and blob.name < document.name):
            yield blob, None
            blob = await anext(blobs, None)
        elif blob is None or document.name < blob.name:
            yield None, document
            document = await anext(documents, None)
        else:
            yield blob, document
            blob, document = await anext(blobs, None), await anext(documents, None)


async def _remove_orphans(name: str, index: SearchIndex, services: Services) -> int:
    """Chunks of versions that are neither current nor being written."""
    removed = 0
    batch: list[tuple[str, int]] = []
    async for pair in index.versions():
        batch.append(pair)
        if len(batch) == _BATCH:
            removed += await _remove_stale(batch, name, index, services)
            batch = []
    return removed + await _remove_stale(batch, name, index, services)


async def _remove_stale(
    batch: list[tuple[str, int]], name: str, index: SearchIndex, services: Services
) -> int:
    if not batch:
        return 0
    known = await services.metadata.documents(list({document_id for document_id, _ in batch}))
    removed = 0
    for document_id, version in batch:
        document = known.get(document_id)
        if document is not None and document.status is not DocumentStatus.DELETED:
            in_use = {document.version_in(name), document.current_version}
            if document.status in UNFINISHED:
                in_use.add(document.claimed_version)
            if version in in_use or version > document.claimed_version:
                continue
        removed += await index.delete_versions(document_id, first=version, last=version)
    return removed
