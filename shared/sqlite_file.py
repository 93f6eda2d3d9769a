"""One SQLite database file, off the event loop. Used by the embedded adapters of the local profile.

WAL lets every process on the data folder read while one writes. Writes of this process queue up in one
thread, so that `SQLITE_BUSY` is only ever met between processes, where `busy_timeout` waits.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from shared.errors import BackendUnavailable, ConfigError, InvalidRequest

T = TypeVar("T")

# What only the calling code can have got wrong; everything else that SQLite reports is the file's fault.
_MISTAKES = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DamagedFile(BackendUnavailable):
    """The file is not, or no longer, a sound SQLite database. Waiting will not help."""


class SqliteFile:
    """`schema` must be idempotent (`CREATE … IF NOT EXISTS`); raise `version` with every change of it.

    It is run once for a file that records no version or an older one, and then, for an older one, what
    `upgrades` has for each version that it lacks. `durable` syncs every commit to
    disk: it then survives a power cut, not only a killed process. `busy_timeout` is in seconds.

    Errors: `BackendUnavailable` (locked too long, disk full, unreadable, closed), `DamagedFile`,
    `ConfigError` for a file of a newer version, `InvalidRequest` for text with lone surrogates.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        version: int = 1,
        upgrades: Mapping[int, str] = MappingProxyType({}),
        durable: bool = True,
        readers: int = 4,
        busy_timeout: float = 30.0,
    ) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._upgrades = upgrades
        self._synchronous = "FULL" if durable else "NORMAL"
        self._busy_timeout = busy_timeout
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix=f"{path.stem}-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"{path.stem}-write")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self._is_closed = False

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` in a reader thread; all its statements see one state of the file."""
        return await self._off_loop(self._readers, lambda: self._in_transaction("BEGIN", query))

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` as one transaction: all of it or, on any exception, none.

        A caller cancelled in mid-transaction does not stop it: it is then done or not, but never half.
        """
        return await self._off_loop(self._writer, lambda: self._in_transaction("BEGIN IMMEDIATE", change))

    async def close(self) -> None:
        """Wait for what is running or queued, then close every connection. May be repeated."""
        self._is_closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for pool in (self._readers, self._writer):
            pool.shutdown()
        while self._connections:
            self._connections.pop().close()

    async def _off_loop(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise BackendUnavailable(f"{self._path.name} is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work)
        except _MISTAKES:
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            is_damage = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
            kind = DamagedFile if is_damage else BackendUnavailable
            raise kind(f"{self._path.name}: {error}; check RAG_DATA and its disk") from error
        except UnicodeEncodeError as error:
            raise InvalidRequest("the text holds characters that are not valid Unicode") from error

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
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._opening:
                connection = self._open()
                self._connections.append(connection)
            self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _only_process_in(self._path.parent):
            # Each connection stays in its thread; only `close` touches it from another, at the very end.
            connection = sqlite3.connect(
                self._path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > self._version:
            raise ConfigError(
                f"{self._path} was written by a newer release (format {found}, this release knows "
                f"{self._version}); upgrade, or point RAG_DATA to another folder"
            )
        if found < self._version:
            upgrades = [self._upgrades[to] for to in sorted(self._upgrades) if 0 < found < to]
            script = "; ".join([self._schema, *upgrades])
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {self._version}; COMMIT;"
            )


@contextmanager
def _only_process_in(folder: Path) -> Iterator[None]:
    """One process at a time opens files here: turning a new file into WAL does not wait for others, it fails.

    The lock is on the folder itself, and goes with the process that holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
