"""Watching files become documents: a bar on a terminal, a line per document in a pipe."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.blob_stores.base import BlobStore
from shared.domain import Document, DocumentStatus
from shared.ingest.documents import document_id
from shared.metadata_stores.base import DocumentStore

_LOOK_EVERY = 0.25  # seconds
_FINAL = (DocumentStatus.INDEXED, DocumentStatus.FAILED)


async def follow(
    names: Sequence[str], blobs: BlobStore, metadata: DocumentStore, *, console: Console | None = None
) -> None:
    """Until each of the blobs, as it is now, is indexed or has failed. Waits for the host that does it."""
    shown = console or Console(highlight=False, soft_wrap=True)
    etags = {document_id(name): await _etag(blobs, name) for name in names}
    waiting = {identifier for identifier, etag in etags.items() if etag is not None}
    total = len(waiting)
    with _bar(shown) as progress:
        bar = progress.add_task("indexing", total=total)
        while waiting:
            stored = await metadata.documents(sorted(waiting))
            ended = [d for d in stored.values() if d.etag == etags[d.id] and d.status in _FINAL]
            for document in sorted(ended, key=lambda each: each.name):
                waiting.discard(document.id)
                progress.update(bar, completed=total - len(waiting))
                if document.status is DocumentStatus.FAILED or not shown.is_terminal:
                    shown.print(f"[{total - len(waiting)}/{total}] {_outcome(document)}", markup=False)
            if waiting:
                await asyncio.sleep(_LOOK_EVERY)


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


async def _etag(blobs: BlobStore, name: str) -> str | None:
    blob = await blobs.head(name)
    return None if blob is None else blob.etag


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _outcome(document: Document) -> str:
    if document.status is DocumentStatus.FAILED:
        return f"{document.name}: failed, {document.reason}"
    pages, chunks = counted(document.pages, document.page_kind), counted(document.chunks, "chunk")
    return f"{document.name}: indexed, {pages}, {chunks}"
