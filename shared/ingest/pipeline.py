"""One blob, from what it is now to what queries may see (DESIGN.md §4). Called by the triggers.

Every step can be repeated and killed: the blob's state decides, not the event; the claimed version
fences every write; nothing is visible before `publish`.
"""

import asyncio
import hashlib
import logging
import time
from pathlib import Path

from shared.domain import BlobProperties, Chunk, Document, DocumentStatus, IndexedChunk, ParsedDocument
from shared.errors import BackendUnavailable, DocumentRejected, NotFound
from shared.ingest import documents
from shared.ingest.chunk import chunk
from shared.services import Services
from shared.telemetry.logs import event
from shared.telemetry.stages import Stages

log = logging.getLogger(__name__)

_SHOWN_WITHIN = 10.0  # seconds that an index may take to show what was written
_CLAIM_ATTEMPTS = 5  # how often a blob may change under our hands before the queue's retry takes over


async def ingest(name: str, services: Services) -> Document | None:
    """Bring index and metadata to the state of the blob `name`; the document, None if there is none.

    Errors: `BackendUnavailable` and whatever else is worth another attempt. A file that can never be
    indexed is no error: the document becomes `failed` with its reason.
    """
    for _ in range(_CLAIM_ATTEMPTS):
        blob = await services.blobs.head(name)
        if blob is None:
            return await remove(name, services)
        document = await _claim(blob, services)
        if document.status in (DocumentStatus.INDEXED, DocumentStatus.FAILED):
            return document  # this very state of the blob was dealt with before
        try:
            async with services.blobs.local_copy(name) as (path, copied):
                if copied.etag == blob.etag:
                    return await _ingest_copy(path, blob, document, services)
        except NotFound:
            continue  # deleted since: the next look at it says so
    raise NotFound(f"{name} changes faster than it can be read")


async def remove(name: str, services: Services) -> Document | None:
    """The blob is gone: queries stop seeing the document at once, then its chunks go."""
    before = await services.metadata.bury(documents.document_id(name), now=time.time())
    if before is not None:
        await services.search_index.delete_versions(before.id, last=before.claimed_version + 1)
        event(log, "document_removed", document_id=before.id)
    return None


async def announce(blob: BlobProperties, services: Services) -> Document:
    """Show the blob as a queued document, before its event has been worked on."""
    now = time.time()
    document = Document(
        id=documents.document_id(blob.name),
        name=blob.name,
        owner_id=documents.owner_of(blob.name),
        readers=documents.default_readers(blob.name),
        status=DocumentStatus.QUEUED,
        size=blob.size,
        created_at=now,
        updated_at=now,
    )
    return await services.metadata.announce(document, etag=blob.etag)


async def _claim(blob: BlobProperties, services: Services) -> Document:
    document_id = documents.document_id(blob.name)
    claimed = await services.metadata.claim(document_id, blob, now=time.time())
    if claimed is None:
        await announce(blob, services)
        claimed = await services.metadata.claim(document_id, blob, now=time.time())
    if claimed is None:
        raise NotFound(f"{blob.name} was deleted while it was claimed")
    return claimed


async def _ingest_copy(
    path: Path, blob: BlobProperties, document: Document, services: Services
) -> Document | None:
    stages = Stages()
    content_hash = await asyncio.to_thread(_sha256, path)
    if document.current_version and content_hash == document.content_hash:
        await services.metadata.keep_current(document.id, document.claimed_version, now=time.time())
        return await services.metadata.document(document.id)
    try:
        parsed, chunks = await _read(path, blob, document, services, stages)
    except DocumentRejected as error:
        return await _reject(document, f"the file {error}", services)
    if not await _embed(document, chunks, services, stages):
        return await _abandon(document, services)
    with stages.measure("show"):
        await _until_shown(document, chunks, services)
    published = await services.metadata.publish(
        document.id,
        document.claimed_version,
        content_hash=content_hash,
        title=parsed.title,
        pages=len(parsed.pages),
        page_kind=parsed.page_kind,
        chunks=len(chunks),
        timings=stages.timings(),
        now=time.time(),
    )
    if not published:
        return await _abandon(document, services)
    return await _settle(document, services)


async def _read(
    path: Path, blob: BlobProperties, document: Document, services: Services, stages: Stages
) -> tuple[ParsedDocument, list[Chunk]]:
    limits = services.limits
    if blob.size > limits.max_file_bytes:
        raise DocumentRejected(f"is larger than {limits.max_file_bytes:,} bytes; split it up")
    with stages.measure("parse"):
        parsed = await services.parsers.parse(path, documents.display_name(blob.name))
    if len(parsed.pages) > limits.max_pages:
        raise DocumentRejected(f"has more than {limits.max_pages:,} pages; split it up")
    with stages.measure("chunk"):
        chunks = await asyncio.to_thread(
            chunk, parsed, document_id=document.id, version=document.claimed_version
        )
    if len(chunks) > limits.max_chunks:
        raise DocumentRejected(f"makes more than {limits.max_chunks:,} passages; split it up")
    return parsed, chunks


async def _embed(document: Document, chunks: list[Chunk], services: Services, stages: Stages) -> bool:
    """Write what is not written yet, a batch at a time; False once the claim is lost."""
    version = document.claimed_version
    if not await services.metadata.set_status(
        document.id, version, DocumentStatus.EMBEDDING, reason=None, now=time.time()
    ):
        return False
    written = await services.search_index.chunk_ids(document.id, version)
    missing = [part for part in chunks if part.id not in written]
    for start in range(0, len(missing), services.embed_batch):
        batch = missing[start : start + services.embed_batch]
        with stages.measure("embed"):
            embeddings = await services.embedder.embed_passages([part.embedding_text for part in batch])
        current = await services.metadata.document(document.id)
        if current is None or current.claimed_version != version:
            return False
        with stages.measure("index"):
            await services.search_index.write(
                [
                    IndexedChunk(chunk=part, embedding=embedding, readers=current.readers)
                    for part, embedding in zip(batch, embeddings, strict=True)
                ]
            )
    return True


async def _until_shown(document: Document, chunks: list[Chunk], services: Services) -> None:
    """From the flip on queries see the new version and no other: so it has to be there before."""
    version, written = document.claimed_version, {part.id for part in chunks}
    try:
        async with asyncio.timeout(_SHOWN_WITHIN):
            while not written <= await services.search_index.chunk_ids(document.id, version):
                current = await services.metadata.document(document.id)
                if (
                    current is None
                    or current.status is DocumentStatus.FAILED
                    or current.claimed_version != version
                ):
                    return  # taken back by whoever overtook us; `publish` will refuse
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise BackendUnavailable(
            f"the search index does not show what was written {_SHOWN_WITHIN:g} s ago"
        ) from error


async def _settle(document: Document, services: Services) -> Document | None:
    """After the flip: older chunks go, and readers changed meanwhile reach the new ones."""
    await services.search_index.delete_versions(document.id, last=document.claimed_version - 1)
    current = await services.metadata.document(document.id)
    if current is not None and current.readers != document.readers:
        await services.search_index.set_readers(document.id, current.readers)
    event(log, "document_indexed", document_id=document.id, version=document.claimed_version)
    return current


async def _reject(document: Document, reason: str, services: Services) -> Document | None:
    version = document.claimed_version
    if not await services.metadata.reject(document.id, version, reason=reason, now=time.time()):
        return await _abandon(document, services)
    await services.search_index.delete_versions(document.id, last=version)
    event(log, "document_rejected", document_id=document.id, reason=reason)
    return await services.metadata.document(document.id)


async def _abandon(document: Document, services: Services) -> Document | None:
    """The claim is lost: take back what this version wrote.

    Unless a twin, another delivery of the same event, has published this very version before the claim
    was lost: then queries see it until a newer one is published.
    """
    version = document.claimed_version
    current = await services.metadata.document(document.id)
    if current is None or current.current_version != version:
        await services.search_index.delete_versions(document.id, first=version, last=version)
    event(log, "ingestion_superseded", document_id=document.id, version=version)
    return current


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
