"""Puts one version of a document into one index: `pipeline` into the live one, `versions` into others.

Nothing of it is visible until the caller flips; each finished batch is a checkpoint.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from shared.domain import Chunk, Document, IndexedChunk, ParsedDocument
from shared.errors import BackendUnavailable, DocumentRejected
from shared.ingest import documents, readers
from shared.ingest.chunk import chunk
from shared.services import Services
from shared.shelf import OpenIndex
from shared.telemetry import traces
from shared.telemetry.stages import Stages

_SHOWN_WITHIN = 10.0  # seconds that an index may take to show what was written

# The document as it is now, while it still wants the version that is being written; else None.
Wanted = Callable[[], Awaitable[Document | None]]


async def content_hash(path: Path) -> str:
    """SHA-256 in hexadecimal: the same bytes, the same hash, whatever their name or etag."""
    return await asyncio.to_thread(_sha256, path)


async def read(
    path: Path, document: Document, index: OpenIndex, services: Services, *, version: int, stages: Stages
) -> tuple[ParsedDocument, list[Chunk]]:
    """The file's pages, and its chunks as this index cuts them. Errors: `DocumentRejected`."""
    limits = services.limits
    if document.size > limits.max_file_bytes:
        raise DocumentRejected(f"is larger than {limits.max_file_bytes:,} bytes; split it up")
    with stages.measure("parse"):
        parsed = await services.parsers.parse(path, documents.display_name(document.name))
    if len(parsed.pages) > limits.max_pages:
        raise DocumentRejected(f"has more than {limits.max_pages:,} pages; split it up")
    with stages.measure("chunk"):
        chunks = await asyncio.to_thread(
            chunk,
            parsed,
            document_id=document.id,
            version=version,
            max_chars=index.version.chunk_chars,
            overlap=index.version.chunk_overlap,
        )
    if len(chunks) > limits.max_chunks:
        raise DocumentRejected(f"makes more than {limits.max_chunks:,} passages; split it up")
    services.reached("read")
    return parsed, chunks


async def write(
    chunks: list[Chunk],
    document: Document,
    index: OpenIndex,
    services: Services,
    *,
    version: int,
    wanted: Wanted,
    stages: Stages,
) -> bool:
    """Embed and write what is not written yet, until the index shows it all; False once nobody wants it."""
    written = await index.search_index.chunk_ids(document.id, version)
    missing = [part for part in chunks if part.id not in written]
    given: set[frozenset[str] | None] = {None} if len(missing) < len(chunks) else set()
    for start in range(0, len(missing), services.embed_batch):
        batch = missing[start : start + services.embed_batch]
        with stages.measure("embed"), traces.model_call("embeddings", index.embedder.name):
            embeddings = await index.embedder.embed_passages([part.embedding_text for part in batch])
        services.reached("embedded")
        current = await wanted()
        if current is None:
            return False
        with stages.measure("index"):
            await index.search_index.write(
                [
                    IndexedChunk(chunk=part, embedding=embedding, readers=current.readers)
                    for part, embedding in zip(batch, embeddings, strict=True)
                ]
            )
        given.add(current.readers)
        services.reached("written")
    if given:  # before the flip: after it nobody would do it again for whoever was killed here
        shown = given.pop() if len(given) == 1 else None
        await readers.show(document.id, index.search_index, services, shown=shown)
    with stages.measure("show"):
        return await _until_shown({part.id for part in chunks}, document.id, version, index, wanted)


async def _until_shown(
    written: set[str], document_id: str, version: int, index: OpenIndex, wanted: Wanted
) -> bool:
    """From the flip on queries see the new version and no other: so it has to be there before."""
    try:
        async with asyncio.timeout(_SHOWN_WITHIN):
            while not written <= await index.search_index.chunk_ids(document_id, version):
                if await wanted() is None:
                    return False  # taken back by whoever overtook us
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise BackendUnavailable(
            f"the search index does not show what was written {_SHOWN_WITHIN:g} s ago"
        ) from error
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
