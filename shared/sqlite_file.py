"""One SQLite database file, off the event loop. Used by the embedded adapters of the local profile.

WAL lets every process on the data folder read while one writes. Writes of this process queue up in one
thread, so that `SQLITE_BUSY` is only ever met between processes, where `busy_timeout` waits.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from shared.errors import BackendUnavailable

T = TypeVar("T")


class SqliteFile:
    """`schema` is run at first use and must be idempotent (`CREATE … IF NOT EXISTS`).

    `durable` syncs every commit to disk: it then survives a power cut, not only a killed process.
    """

    def __init__(self, path: Path, schema: str, *, durable: bool = True, readers: int = 4) -> None:
        self._path = path
        self._schema = schema
        self._synchronous = "FULL" if durable else "NORMAL"
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix=f"{path.stem}-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"{path.stem}-write")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self._has_schema = False

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` in a reader thread. One statement sees one state of the file."""
        return await self._off_loop(self._readers, lambda: query(self._connection()))

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` as one transaction: all of it or, on any exception, none."""
        return await self._off_loop(self._writer, lambda: self._in_transaction(change))

    async def close(self) -> None:
        """Wait for what is running, then close every connection."""
        for pool in (self._readers, self._writer):
            await asyncio.to_thread(pool.shutdown)
        while self._connections:
            self._connections.pop().close()

    async def _off_loop(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work)
        except sqlite3.OperationalError as error:
            raise BackendUnavailable(f"{self._path.name}: {error}; check RAG_DATA and its disk") from error

    def _in_transaction(self, change: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = change(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
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
        # Each connection stays in its thread; only `close` touches it from another, after the pools ended.
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        if not self._has_schema:
            connection.executescript(self._schema)
            self._has_schema = True
        return connection
