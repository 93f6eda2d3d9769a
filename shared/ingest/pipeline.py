"""One blob, from what it is now to what queries may see (DESIGN.md §4). Called by the triggers.

Every step can be repeated and killed: the blob's state decides, not the event; the claimed version
fences every write; nothing is visible before `publish`.
"""

import asyncio
import logging
import time
from pathlib import Path

from shared.domain import BlobProperties, Document, DocumentStatus
from shared.errors import DocumentRejected, NotFound
from shared.ingest import documents, fill
from shared.ingest.versions import spread
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry import traces
from shared.telemetry.logs import event
from shared.telemetry.stages import Stages

log = logging.getLogger(__name__)

_CLAIM_ATTEMPTS = 5  # how often a blob may change under our hands before the queue's retry takes over


async def ingest(name: str, services: Services) -> Document | None:
    """Bring index and metadata to the state of the blob `name`; the document, None if there is none.

    Errors: `BackendUnavailable` and whatever else is worth another attempt. A file that can never be
    indexed is no error: the document becomes `failed` with its reason.
    """
    for _ in range(_CLAIM_ATTEMPTS):
        seen = await services.metadata.document(documents.document_id(name))
        blob = await services.blobs.head(name)
        if blob is None:
            if seen is None or await remove(name, services, seen_at=seen.updated_at):
                return None
            continue  # perhaps it has come back: the next look at it says so
        document = await _claim(blob, services, is_known=seen is not None)
        if document.status in (DocumentStatus.INDEXED, DocumentStatus.FAILED):
            return document  # this very state of the blob was dealt with before
        turn = services.turns.setdefault((document.id, document.claimed_version), asyncio.Lock())
        if turn.locked():  # another delivery of the same event: wait for what comes of it
            async with turn:
                continue
        try:
            async with turn, services.blobs.local_copy(name) as (path, copied):
                if copied.etag == blob.etag:
                    return await _ingest_copy(path, document, services)
        except NotFound:
            continue  # deleted since: the next look at it says so
    raise NotFound(f"{name} changes faster than it can be read")


async def remove(name: str, services: Services, *, seen_at: float | None = None) -> bool:
    """The blob is gone: queries stop seeing the document at once, then its chunks go.

    With `seen_at`, the document's `updated_at` from before the blob was looked for, only if nothing has
    happened to it since: what has come back keeps whom it was shared with meanwhile. Whether it is gone.
    """
    before = await services.metadata.bury(documents.document_id(name), now=time.time(), seen_at=seen_at)
    if before is None:
        return False
    services.reached("buried")
    for index in await services.shelf.everywhere():
        await index.delete_versions(before.id, last=before.claimed_version)
    event(log, "document_removed", document_id=before.id)
    if before.status is not DocumentStatus.DELETED:
        services.metrics.document_ingested(outcome="removed")
    return True


async def announce(blob: BlobProperties, services: Services) -> Document:
    """Show the blob as a queued document, before its event has been worked on."""
    now = time.time()
    document = Document(
        id=documents.document_id(blob.name),
        name=blob.name,
        owner_id=documents.owner_of(blob.name),
        readers=await documents.readers_of_new(blob.name, services.metadata),
        status=DocumentStatus.QUEUED,
        size=blob.size,
        created_at=now,
        updated_at=now,
    )
    return await services.metadata.announce(document, etag=blob.etag)


async def _claim(blob: BlobProperties, services: Services, *, is_known: bool) -> Document:
    document_id = documents.document_id(blob.name)
    claimed = await services.metadata.claim(document_id, blob, now=time.time()) if is_known else None
    if claimed is None:
        await announce(blob, services)
        claimed = await services.metadata.claim(document_id, blob, now=time.time())
    if claimed is None:
        raise NotFound(f"{blob.name} was deleted while it was claimed")
    return claimed


async def _ingest_copy(path: Path, document: Document, services: Services) -> Document | None:
    services.reached("claimed")
    stages = Stages("ingest")
    content_hash = await fill.content_hash(path)
    if document.current_version and content_hash == document.content_hash:
        if await services.metadata.keep_current(document.id, document.claimed_version, now=time.time()):
            services.metrics.document_ingested(outcome="indexed")
        return await services.metadata.document(document.id)
    index = await services.shelf.live()
    version = document.claimed_version
    try:
        parsed, chunks = await fill.read(path, document, index, services, version=version, stages=stages)
    except DocumentRejected as error:
        return await _reject(document, f"the file {error}", services)
    if not await services.metadata.set_status(
        document.id, version, DocumentStatus.EMBEDDING, reason=None, now=time.time()
    ):
        return await _abandon(document, index, services)
    wanted = _claimed(document, services)
    if not await fill.write(chunks, document, index, services, version=version, wanted=wanted, stages=stages):
        return await _abandon(document, index, services)
    with traces.span("ingest.publish"):
        published = await services.metadata.publish(
            document.id,
            version,
            index=index.name,
            content_hash=content_hash,
            title=parsed.title,
            pages=len(parsed.pages),
            page_kind=parsed.page_kind,
            chunks=len(chunks),
            timings=stages.timings(),
            now=time.time(),
        )
    if not published:
        return await _abandon(document, index, services)
    services.metrics.document_ingested(outcome="indexed", timings=stages.timings())
    services.reached("published")
    return await _settle(document, index, services)


def _claimed(document: Document, services: Services) -> fill.Wanted:
    async def wanted() -> Document | None:
        current = await services.metadata.document(document.id)
        is_ours = (
            current is not None
            and current.claimed_version == document.claimed_version
            and current.status is not DocumentStatus.FAILED
        )
        return current if is_ours else None

    return wanted


async def _settle(document: Document, index: OpenIndex, services: Services) -> Document | None:
    """After the flip: older chunks go, and other indexes follow."""
    version = document.claimed_version
    if version > 1:
        await index.search_index.delete_versions(document.id, last=version - 1)
    services.reached("settled")
    current = await services.metadata.document(document.id)
    if current is not None:
        await spread(current, await services.shelf.filled(), services)
    event(log, "document_indexed", document_id=document.id, version=version)
    return current


async def _reject(document: Document, reason: str, services: Services) -> Document | None:
    version = document.claimed_version
    if not await services.metadata.reject(document.id, version, reason=reason, now=time.time()):
        return await _abandon(document, await services.shelf.live(), services)
    services.metrics.document_ingested(outcome="rejected")
    services.reached("rejected")
    for index in await services.shelf.everywhere():
        await index.delete_versions(document.id, last=version)
    event(log, "document_rejected", document_id=document.id, reason=reason)
    return await services.metadata.document(document.id)


async def _abandon(document: Document, index: OpenIndex, services: Services) -> Document | None:
    """The claim is lost: take back what this version wrote.

    Unless a twin, another delivery of the same event, has published this very version before the claim
    was lost: then queries see it until a newer one is published.
    """
    version = document.claimed_version
    current = await services.metadata.document(document.id)
    if current is None or current.version_in(index.name) != version:
        await index.search_index.delete_versions(document.id, first=version, last=version)
    event(log, "ingestion_superseded", document_id=document.id, version=version)
    return current
