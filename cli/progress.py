"""Watching files on their way: a bar on a terminal, lines in a pipe. Used by `rag ingest` and `rag serve`."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.bulk.failures import Failure, printable
from cli.bulk.target import Container, Records
from shared.domain import Document, DocumentStatus
from shared.ingest.documents import document_id

_LOOK_EVERY = 0.25  # seconds
_LOOK_AT = 500  # documents per look
_SAY_EVERY = 10.0  # seconds between the lines of a pipe
PATIENCE = 15.0  # seconds of silence until a person is told
_DELETED = "it was deleted before it was ingested"
_FINAL = (DocumentStatus.INDEXED, DocumentStatus.FAILED)
_IN_WORK = (DocumentStatus.PARSING, DocumentStatus.EMBEDDING)


class Work:
    """Files of known sizes being worked on: a context manager around the work."""

    def __init__(self, console: Console, doing: str, *, files: int, size: int) -> None:
        self._console = console
        self._doing = doing
        self._done, self._files = 0, files
        self._bar = _bar(console)
        self._task = self._bar.add_task(self._text(), total=size)
        self._said_at = time.monotonic()

    def advance(self, size: int) -> None:
        """One more file is done."""
        self._done += 1
        self._bar.update(self._task, advance=size, description=self._text())
        if not self._console.is_terminal and time.monotonic() - self._said_at > _SAY_EVERY:
            self._said_at = time.monotonic()
            self._console.print(self._text())

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _text(self) -> str:
        return f"{self._doing} {self._done:,}/{self._files:,}"


async def follow(
    names: Sequence[str], blobs: Container, metadata: Records, *, console: Console | None = None
) -> None:
    """`watch` the blobs as they are now."""
    found = [await blobs.head(name) for name in names]
    etags = {blob.name: blob.etag for blob in found if blob is not None}
    shown = console or Console(highlight=False, soft_wrap=True)
    await watch(etags, blobs, metadata, console=shown)


async def watch(
    etags: Mapping[str, str],
    blobs: Container,
    metadata: Records,
    *,
    console: Console,
    patience: float = PATIENCE,
) -> list[Failure]:
    """Until each blob, in the state of its etag, is indexed or has failed; the failures.

    Waits for the host that does it, and says so after `patience` seconds in which nothing has ended.
    """
    watching = Watch(etags, blobs, metadata, console, patience)
    with watching.bar:
        while watching.waiting:
            if not await watching.look():
                await asyncio.sleep(_LOOK_EVERY)
    return watching.failures


class Watch:
    """Looks at so many documents at a time, in turn, however many there are."""

    def __init__(
        self,
        etags: Mapping[str, str],
        blobs: Container,
        metadata: Records,
        console: Console,
        patience: float = PATIENCE,
    ) -> None:
        self.waiting = deque(etags)
        self.failures: list[Failure] = []
        self.bar = _bar(console)
        self._etags = dict(etags)
        self._blobs, self._metadata, self._console = blobs, metadata, console
        self._total = len(etags)
        self._task = self.bar.add_task("indexing", total=self._total)
        self._ended = 0
        self._patience = self._wait = patience
        self._silent_since = time.monotonic()

    def add(self, etags: Mapping[str, str]) -> None:
        """More of them; one that is waited for already is so in its new state."""
        new = [name for name in etags if name not in self.waiting]
        self._etags.update(etags)
        self.waiting.extend(new)
        self._total += len(new)

    async def look(self) -> bool:
        """At the next ones; whether all of them have ended."""
        names = [self.waiting.popleft() for _ in range(min(_LOOK_AT, len(self.waiting)))]
        known = await self._metadata.documents([document_id(name) for name in names])
        going_on = []
        for name in names:
            document = known.get(document_id(name))
            if document is not None and document.etag == self._etags[name] and document.status in _FINAL:
                self._end(document)
            else:
                going_on.append(name)
        self.waiting.extend(going_on)
        if len(going_on) < len(names):
            self._silent_since, self._wait = time.monotonic(), self._patience
        elif time.monotonic() - self._silent_since > self._wait:
            if self._wait == self._patience:
                await self._say_what_is_going_on()
            self._wait *= 2
            await self._look_at_blobs()
        return not going_on

    def _end(self, document: Document) -> None:
        has_failed = document.status is DocumentStatus.FAILED
        if has_failed:
            self.failures.append(Failure(name=document.name, reason=document.reason or "for no known reason"))
        self._count(_outcome(document), is_shown=has_failed or not self._console.is_terminal)

    def _count(self, outcome: str, *, is_shown: bool) -> None:
        self._ended += 1
        self.bar.update(
            self._task, completed=self._ended, description=f"indexing {self._ended:,}/{self._total:,}"
        )
        if is_shown:
            self._console.print(f"[{self._ended}/{self._total}] {outcome}", markup=False)

    async def _say_what_is_going_on(self) -> None:
        counts = await self._metadata.count_documents()
        in_work = sum(counts[status] for status in _IN_WORK)
        if in_work:
            said = f"nothing has ended for {self._patience:g} s; {counted(in_work, 'document')} in work"
        else:
            said = "nothing is being ingested; is `rag serve` running?"
        self._console.print(said, markup=False)

    async def _look_at_blobs(self) -> None:
        """What was deleted or replaced since ends otherwise than was expected, or never."""
        names, self.waiting = list(self.waiting), deque()
        for start in range(0, len(names), _LOOK_AT):
            batch = names[start : start + _LOOK_AT]
            known = await self._metadata.documents([document_id(name) for name in batch])
            for name in batch:
                document = known.get(document_id(name))
                if document is None or document.status not in (DocumentStatus.QUEUED, *_IN_WORK):
                    await self._look_at_blob(name)
                else:
                    self.waiting.append(name)

    async def _look_at_blob(self, name: str) -> None:
        blob = await self._blobs.head(name)
        if blob is None:
            self.failures.append(Failure(name=name, reason=_DELETED))
            self._count(f"{printable(name)}: {_DELETED}", is_shown=True)
        else:
            self._etags[name] = blob.etag
            self.waiting.append(name)


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _outcome(document: Document) -> str:
    name = printable(document.name)
    if document.status is DocumentStatus.FAILED:
        return f"{name}: failed, {printable(document.reason or '')}"
    pages, chunks = counted(document.pages, document.page_kind), counted(document.chunks, "chunk")
    return f"{name}: indexed, {pages}, {chunks}"
