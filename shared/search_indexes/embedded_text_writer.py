"""Keeps the text index of the embedded search index up with its record.

tantivy lets one process write at a time and frees its lock when that process dies. Whoever writes chunks,
or finds the text behind while searching, wakes `TextCatchUp`: it takes the lock, commits what is missing in
rounds, lingers for more, whichever process that comes from, and lets go.
"""

import asyncio
import logging
import shutil
from contextlib import suppress
from pathlib import Path

import tantivy

from shared.errors import RagError
from shared.search_indexes.embedded_feed import TextRound, read_text_round
from shared.search_indexes.embedded_records import START, Position, State, read_state, replace_text_folder
from shared.search_indexes.embedded_text import (
    MARK_ROW,
    TextIndexError,
    TextSearcher,
    make_schema,
    open_folder,
    position_of,
    searchable,
    verify,
)
from shared.sqlite_file import SqliteFile

_ROUND = 2_000  # chunks per commit: a commit costs tens of milliseconds, so bursts share one
_HEAP = 32_000_000  # bytes
_LINGER = 2.0  # seconds without work before the lock is let go
_POLL = 0.05  # seconds between looks at what another process has written or committed
_REST = 5.0  # seconds after a failure

_log = logging.getLogger(__name__)


def _passage(row: int, document: int, text: str) -> tantivy.Document:
    made = tantivy.Document()
    made.add_unsigned("row", row)
    made.add_unsigned("document", document)
    made.add_text("text", searchable(text))
    return made


def _mark(position: Position) -> tantivy.Document:
    made = tantivy.Document()
    made.add_unsigned("row", MARK_ROW)
    made.add_unsigned("mark_row", position.row)
    made.add_unsigned("mark_change", position.change)
    return made


class TextWriter:
    """The one writer of a text folder."""

    def __init__(self, index: tantivy.Index, writer: tantivy.IndexWriter) -> None:
        self._writer = writer
        self.position = position_of(index.searcher())

    def apply(self, work: TextRound) -> None:
        try:
            # By query: deleting by a term of a number deletes nothing (tantivy 0.27).
            gone = tantivy.Query.term_set_query(make_schema(), "row", [MARK_ROW, *work.removed_rows])
            self._writer.delete_documents_by_query(gone)
            for row, document, text in work.added:
                self._writer.add_document(_passage(row, document, text))
            self._writer.add_document(_mark(work.position))
            self._writer.commit()
        except (ValueError, OSError) as error:
            raise TextIndexError(str(error)) from error
        self.position = work.position

    def finish(self) -> None:
        """Let merges end, so that the number of segments stays small."""
        with suppress(ValueError, OSError):  # a merge that fails leaves the index as it was
            self._writer.wait_merging_threads()


def open_writer(folder: Path) -> TextWriter | None:
    """None while another process, or another index object, is the writer."""
    index = open_folder(folder, create=True)
    assert index is not None
    try:
        writer = index.writer(_HEAP, 1)
    except (ValueError, OSError) as error:
        if "LockBusy" in str(error):
            return None
        raise TextIndexError(str(error)) from error
    return TextWriter(index, writer)


def _remove_other_folders(parent: Path, current: str) -> None:
    for folder in parent.glob("text-*"):
        if folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)


class TextCatchUp:
    """Brings the text index to the record's position, in a task of its own that ends when all is done."""

    def __init__(self, records: SqliteFile, parent: Path, dimension: int, searcher: TextSearcher) -> None:
        self._records = records
        self._parent = parent
        self._dimension = dimension
        self._searcher = searcher
        self._position = START
        self._moved = asyncio.Condition()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._rests_until = 0.0
        self._verified = ""  # the folder whose files were found sound
        self._is_closing = False

    def wake(self) -> None:
        """From the event loop. Costs nothing while the task runs."""
        self._woken.set()
        is_running = self._task is not None and not self._task.done()
        if not (is_running or self._is_closing) and asyncio.get_running_loop().time() >= self._rests_until:
            self._task = asyncio.create_task(self._run())

    async def reach(self, position: Position, *, seconds: float) -> None:
        """Return when the text index has this position, or after so many seconds."""
        self.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self._position.covers(position))

    async def close(self) -> None:
        """Finish the round at hand. What is missing is taken in by the next process."""
        self._is_closing = True
        self._woken.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        is_woken = True
        while is_woken and not self._is_closing:
            self._woken.clear()
            try:
                await self._catch_up()
            except (RagError, TextIndexError) as error:
                _log.warning("text_index_behind", extra={"reason": str(error)})
                self._rests_until = asyncio.get_running_loop().time() + _REST
                return
            is_woken = self._woken.is_set()

    async def _catch_up(self) -> None:
        is_rebuilt = False
        while not self._is_closing and (state := await self._state()) is not None:
            folder = state.text_folder
            try:
                if await self._write_or_watch(state):
                    return
            except TextIndexError as error:
                if is_rebuilt:
                    raise
                is_rebuilt = True
                _log.warning("text_index_rebuilt", extra={"reason": str(error)})
                await self.discard(folder)

    async def discard(self, folder: str) -> None:
        await self._records.write(lambda connection: replace_text_folder(connection, folder))

    async def _state(self) -> State | None:
        return await self._records.read(lambda connection: read_state(connection, self._dimension))

    async def _write_or_watch(self, state: State) -> bool:
        """Whether nothing is left to do."""
        writer = await asyncio.to_thread(open_writer, self._parent / state.text_folder)
        if writer is not None:
            if self._verified != state.text_folder:
                await asyncio.to_thread(_remove_other_folders, self._parent, state.text_folder)
                await asyncio.to_thread(verify, self._parent / state.text_folder)
                self._verified = state.text_folder
            return await self._write(writer, state.text_folder)
        snapshot = await asyncio.to_thread(self._searcher.catch_up, state.text_folder, state.position)
        if snapshot is not None:
            await self._report(snapshot.position)
            if snapshot.position.covers(state.position):
                return True
        await asyncio.sleep(_POLL)
        return False

    async def _write(self, writer: TextWriter, folder: str) -> bool:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _LINGER
        while not self._is_closing and loop.time() < ends:
            state = await self._state()
            if state is None or state.text_folder != folder:
                return False
            if not state.position.covers(writer.position):
                raise TextIndexError("it is ahead of the record")
            await self._report(writer.position)
            if writer.position != state.position:
                await self._write_round(writer, state.position)
                ends = loop.time() + _LINGER
            else:
                await self._wait_for_work()
        if not self._is_closing:
            await asyncio.to_thread(writer.finish)
        return True

    async def _write_round(self, writer: TextWriter, target: Position) -> None:
        start = writer.position
        work = await self._records.read(
            lambda connection: read_text_round(connection, start, target, most=_ROUND)
        )
        await asyncio.to_thread(writer.apply, work)
        await self._report(writer.position)

    async def _wait_for_work(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), _POLL)
        self._woken.clear()

    async def _report(self, position: Position) -> None:
        async with self._moved:
            self._position = position
            self._moved.notify_all()
