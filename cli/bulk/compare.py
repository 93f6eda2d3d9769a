"""How the files of this machine stand against the store, some at once. Called by `upload` and `cost`."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cli.bulk.failures import Failure
from cli.bulk.files import LocalFile
from cli.bulk.target import Container, Records
from cli.progress import Work
from shared.domain import Document, DocumentStatus
from shared.errors import BackendUnavailable, DocumentRejected, InvalidRequest, NotFound
from shared.ingest.documents import document_id

_AT_ONCE = 8
_KNOWN_AT_ONCE = 500  # documents per question to the metadata store
_GIVE_UP_AFTER = 8  # files in a row that a service was away for


class State(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UPLOADED = "uploaded"  # the same bytes are there, to be ingested yet
    INDEXED = "indexed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Standing:
    state: State
    etag: str = ""  # of the blob, where there is one
    reason: str = ""  # why these very bytes failed before


Visit = Callable[[LocalFile, Standing], Awaitable[None]]


async def visit_all(
    files: Sequence[LocalFile],
    blobs: Container,
    metadata: Records,
    visit: Visit,
    *,
    work: Work,
) -> list[Failure]:
    """`visit` each file, a few at a time; what stops one does not stop the others.

    Errors: `BackendUnavailable` once a service is away for good.
    """
    tour = _Tour(blobs, visit, work)
    for start in range(0, len(files), _KNOWN_AT_ONCE):
        batch = files[start : start + _KNOWN_AT_ONCE]
        known = await metadata.documents([document_id(file.name) for file in batch])
        rest = iter(batch)
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(tour.work(rest, known))
        if tour.given_up is not None:
            raise tour.given_up
    return tour.failures


class _Tour:
    def __init__(self, blobs: Container, visit: Visit, work: Work) -> None:
        self.failures: list[Failure] = []
        self.given_up: BackendUnavailable | None = None
        self._blobs = blobs
        self._visit = visit
        self._work = work
        self._in_vain = 0

    async def work(self, files: Iterator[LocalFile], known: dict[str, Document]) -> None:
        """Until no file is left of those that several of these take from."""
        for file in files:
            await self._go_to(file, known.get(document_id(file.name)))
            self._work.advance(file.size)
            if self.given_up is not None:
                return

    async def _go_to(self, file: LocalFile, document: Document | None) -> None:
        try:
            await self._visit(file, await _standing(file, document, self._blobs))
        except BackendUnavailable as error:
            self._fail(file, str(error), may_pass=True)
            self._in_vain += 1
            if self._in_vain == _GIVE_UP_AFTER:
                self.given_up = error
            return
        except DocumentRejected as error:
            self._fail(file, f"the file {error}")
        except InvalidRequest as error:
            self._fail(file, str(error))
        except OSError as error:
            self._fail(file, f"it cannot be read: {error.strerror}")
        self._in_vain = 0

    def _fail(self, file: LocalFile, reason: str, *, may_pass: bool = False) -> None:
        self.failures.append(Failure(name=file.name, reason=reason, may_pass=may_pass))


async def _standing(file: LocalFile, document: Document | None, blobs: Container) -> Standing:
    """The blob is what counts: the document tells of its content only while it is about this blob."""
    blob = await blobs.head(file.name)
    if blob is None:
        return Standing(state=State.NEW)
    told = document if document is not None and document.etag == blob.etag else None
    is_indexed = told is not None and told.status is DocumentStatus.INDEXED
    stored_hash = told.content_hash if told is not None and is_indexed else None
    if blob.size != file.size or not await _is_same(file, stored_hash, blobs):
        return Standing(state=State.CHANGED)
    if is_indexed:
        return Standing(state=State.INDEXED, etag=blob.etag)
    if told is not None and told.status is DocumentStatus.FAILED:
        return Standing(state=State.FAILED, etag=blob.etag, reason=told.reason or "")
    return Standing(state=State.UPLOADED, etag=blob.etag)


async def _is_same(file: LocalFile, stored_hash: str | None, blobs: Container) -> bool:
    """Whether the blob holds the file's bytes; it is read where no document tells its hash."""
    try:
        theirs = stored_hash or await _hash_of_blob(file.name, blobs)
    except NotFound:
        return False  # deleted just now
    return theirs == await asyncio.to_thread(_hash_of_file, file.path)


async def _hash_of_blob(name: str, blobs: Container) -> str:
    digest = hashlib.sha256()
    async for piece in blobs.read(name):
        digest.update(piece)
    return digest.hexdigest()


def _hash_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
