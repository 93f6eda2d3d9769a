"""One SQLite database file, off the event loop. Used by the embedded adapters of the local profile.

WAL lets every process on the data folder read while one writes. Writes of this process queue up in one
thread, so that `SQLITE_BUSY` is only ever met between processes, where `busy_timeout` waits; those that
wait together are committed together, with one sync of the disk.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from shared.errors import BackendUnavailable, InvalidRequest
from shared.sqlite_connection import connect
from shared.sqlite_writes import Outcome, Write, tell, together

T = TypeVar("T")

# What only the calling code can have got wrong; everything else that SQLite reports is the file's fault.
_MISTAKES = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TOGETHER = 64  # writes in one transaction
_SLOW = 0.02  # seconds that a look-up may take …
_SPARED = 1.0  # … or the event loop is spared them for so long


class DamagedFile(BackendUnavailable):
    """The file is not, or no longer, a sound SQLite database. Waiting will not help."""


class SqliteFile:
    """`schema` must be idempotent (`CREATE … IF NOT EXISTS`); raise `version` with every change of it.

    It is run once for a file that records no version or an older one, and then, for an older one, what
    `upgrades` has for each version that it lacks. `readable_from` is the oldest version whose code can work
    with such a file: that code then opens it as it is. `durable` syncs every commit to disk: it then
    survives a power cut, not only a killed process. `busy_timeout` is in seconds.

    Errors: `BackendUnavailable` (locked too long, disk full, unreadable, closed), `DamagedFile`,
    `ConfigError` for a file of a newer version that this one cannot work with, `InvalidRequest` for text
    with lone surrogates.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        version: int = 1,
        readable_from: int | None = None,
        upgrades: Mapping[int, str] = MappingProxyType({}),
        durable: bool = True,
        readers: int = 4,
        busy_timeout: float = 30.0,
    ) -> None:
        self._path = path
        self._connect = partial(
            connect,
            path,
            schema=schema,
            version=version,
            readable_from=version if readable_from is None else readable_from,
            upgrades=upgrades,
            durable=durable,
            busy_timeout=busy_timeout,
        )
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix=f"{path.stem}-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"{path.stem}-write")
        self._waiting: deque[Write] = deque()
        self._is_writer_called = False
        self._local = threading.local()
        self._at_hand: sqlite3.Connection | None = None  # the event loop's
        self._look_up_from = 0.0  # on the monotonic clock
        self._connections: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self._is_closed = False

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` in a reader thread; all its statements see one state of the file."""
        return await self._off_loop(self._readers, lambda: self._in_transaction("BEGIN", query))

    async def look_up(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The same for one statement that finds a few rows by their keys: run at once, in no thread.

        It takes ten microseconds, the way to a thread and back twenty times as long. From a disk that keeps
        the event loop waiting it is read in a thread for a while, and so is whatever fails.
        """
        if self._at_hand is None:
            await self._off_loop(self._readers, self._take_in_hand)
        began = time.monotonic()
        if self._at_hand is None or self._is_closed or began < self._look_up_from:
            return await self.read(query)
        try:
            return query(self._at_hand)
        except (sqlite3.Error, UnicodeEncodeError):
            return await self.read(query)
        finally:
            if time.monotonic() - began > _SLOW:
                self._look_up_from = time.monotonic() + _SPARED

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` as one transaction: all of it or, on any exception, none.

        It may be run again, after a rollback. A caller cancelled in mid-transaction does not stop it: it is
        then done or not, but never half.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Write(change=change, done=done))
        if not self._is_writer_called:
            self._is_writer_called = True
            loop.call_soon(self._writer.submit, self._write_waiting)  # others may be about to write too
        with self._told():
            return await done

    async def close(self) -> None:
        """Wait for what is running or queued, then close every connection. May be repeated."""
        self._is_closed = True
        await asyncio.sleep(0)  # the writer may be about to be called
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for pool in (self._readers, self._writer):
            pool.shutdown()
        while self._connections:
            self._connections.pop().close()

    async def _off_loop(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        self._check_open()
        with self._told():
            return await asyncio.get_running_loop().run_in_executor(pool, work)

    def _check_open(self) -> None:
        if self._is_closed:
            raise BackendUnavailable(f"{self._path.name} is closed")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite reports, as the errors of this class."""
        try:
            yield
        except _MISTAKES:
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            is_damage = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
            kind = DamagedFile if is_damage else BackendUnavailable
            raise kind(f"{self._path.name}: {error}; check RAG_DATA and its disk") from error
        except UnicodeEncodeError as error:
            raise InvalidRequest("the text holds characters that are not valid Unicode") from error

    def _write_waiting(self) -> None:
        """In the writer's thread; finds nothing where an earlier call has taken it along."""
        self._is_writer_called = False  # before looking: whoever comes from here on may have been missed
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
            if batch := [write for write in batch if not write.done.cancelled()]:
                tell(batch, self._write_together(batch))

    def _write_together(self, batch: list[Write]) -> list[Outcome]:
        try:
            return self._in_transaction("BEGIN IMMEDIATE", partial(together, batch))
        except BaseException as error:  # noqa: BLE001 - everybody's own, at the caller's
            return [(None, error)] * len(batch)

    def _in_transaction(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection()
        connection.execute(begin)
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite itself rolls back on some errors, a full disk for one
                connection.execute("ROLLBACK")
            raise
        return result

    def _connection(self) -> sqlite3.Connection:
        if (connection := getattr(self._local, "connection", None)) is None:
            with self._opening:
                connection = self._connect()
                self._connections.append(connection)
            self._local.connection = connection
        return connection

    def _take_in_hand(self) -> None:
        with self._opening:
            if self._at_hand is None:
                connection = self._connect()
                self._connections.append(connection)
                connection.execute("PRAGMA busy_timeout = 0")  # the event loop waits for nobody
                self._at_hand = connection
