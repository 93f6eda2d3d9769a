"""Brings files into the container, those that are not there yet. Called by `cli.ingest`."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from cli.bulk.compare import Standing, State, visit_all
from cli.bulk.failures import Failure
from cli.bulk.files import LocalFile
from cli.bulk.target import Container, Records
from cli.progress import Work
from shared.domain import BlobProperties
from shared.errors import TooLarge

_PIECE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Brought:
    counts: Counter[State]  # as they stood before
    to_follow: dict[str, str]  # the etag that is to be ingested, by the blob's name
    failures: list[Failure]


async def bring(
    files: Sequence[LocalFile],
    blobs: Container,
    metadata: Records,
    *,
    max_size: int,
    retry: bool,
    work: Work,
) -> Brought:
    """Upload what is new or changed; with `retry` also what has failed, so that it is tried again.

    Errors: `BackendUnavailable`.
    """
    counts = Counter[State]()
    to_follow: dict[str, str] = {}
    failed_before: list[Failure] = []

    async def visit(file: LocalFile, standing: Standing) -> None:
        if standing.state is State.FAILED and not retry:
            failed_before.append(Failure(name=file.name, reason=standing.reason))
        elif standing.state is State.UPLOADED:
            to_follow[file.name] = standing.etag
        elif standing.state is not State.INDEXED:
            to_follow[file.name] = (await put_file(file, blobs, max_size=max_size)).etag
        counts[standing.state] += 1

    failures = await visit_all(files, blobs, metadata, visit, work=work)
    return Brought(counts=counts, to_follow=to_follow, failures=failed_before + failures)


async def put_file(file: LocalFile, blobs: Container, *, max_size: int) -> BlobProperties:
    """In pieces, whole or not at all. Errors: those of `Container.put`, `OSError`."""
    if file.size > max_size:
        raise TooLarge(f"it is larger than {max_size:,} bytes; RAG_MAX_FILE_MB sets that")
    async with aclosing(_pieces(file.path)) as content:
        return await blobs.put(file.name, content, max_size=max_size)


async def _pieces(path: Path) -> AsyncGenerator[bytes, None]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
