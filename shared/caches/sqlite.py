"""`SqliteCache`: a bounded cache in one SQLite file, shared by several processes. Built by compose.

Whatever is wrong with the file is a miss; one that is damaged or of another release is replaced by an
empty one, and the other processes follow.
"""

import asyncio
import logging
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from shared.caches.sqlite_entries import (
    SCHEMA,
    VERSION,
    count,
    drop,
    drop_expired,
    find,
    make_room,
    put_off,
    store,
    take,
    touch,
)
from shared.errors import BackendUnavailable, ConfigError, InvalidRequest
from shared.sqlite_file import DamagedFile, SqliteFile

log = logging.getLogger(__name__)
T = TypeVar("T")

_PATIENCE = 0.5  # seconds; waiting longer for a locked cache costs more than a miss
_MAX_TOUCHED = 256  # uses remembered before they are written down
_EXPIRY = 1.0  # seconds between two looks for what has expired: nobody is told it in any case
_LOOKED_UP = 4  # keys: an answer, a question; more are embeddings, read in a thread


class SqliteCache:
    """`max_bytes` bounds keys and values together; the least recently used go first."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._file = self._new_file()
        self._inode: int | None = None  # of the file that `_file` has open, once it has one
        self._touched: dict[str, float] = {}  # key: when it was last used; not yet in the file
        self._expiry_from = 0.0  # on the monotonic clock
        self._replacing = asyncio.Lock()

    async def get(self, key: str) -> bytes | None:
        return (await self.get_many([key]))[0]

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        def query(connection: sqlite3.Connection) -> list[bytes | None]:
            return [find(connection, key) for key in keys]

        is_short = len(keys) <= _LOOKED_UP
        found = await self._run(lambda file: file.look_up(query) if is_short else file.read(query))
        if found is None:
            return [None] * len(keys)
        now = time.time()
        self._touched |= {key: now for key, value in zip(keys, found, strict=True) if value is not None}
        if len(self._touched) >= _MAX_TOUCHED:
            await self._write(lambda _: None)
        return found

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        await self.set_many({key: value}, ttl=ttl)

    async def set_many(self, values: Mapping[str, bytes], *, ttl: float) -> None:
        await self._write(lambda connection: store(connection, values, ttl, self._max_bytes))

    async def delete(self, key: str) -> None:
        await self._write(lambda connection: drop(connection, key))

    async def increment(self, key: str, *, by: int = 1, ttl: float) -> int:
        return await self._write(lambda connection: count(connection, key, by, ttl, self._max_bytes)) or 0

    async def increment_many(self, keys: Sequence[str], *, ttl: float) -> list[int]:
        def change(connection: sqlite3.Connection) -> list[int]:
            return [count(connection, key, 1, ttl, self._max_bytes) for key in keys]

        return await self._write(change) or [0] * len(keys)

    async def reserve(self, key: str, seconds: float, *, most: float = math.inf) -> float | None:
        return await self._write(lambda connection: take(connection, key, seconds, most, self._max_bytes))

    async def postpone(self, key: str, seconds: float) -> None:
        await self._write(lambda connection: put_off(connection, key, seconds, self._max_bytes))

    async def close(self) -> None:
        await self._file.close()

    async def _write(self, change: Callable[[sqlite3.Connection], T]) -> T | None:
        touched, self._touched = self._touched, {}

        def touch_and_change(connection: sqlite3.Connection) -> T:
            touch(connection, touched)
            if (now := time.monotonic()) >= self._expiry_from:
                self._expiry_from = now + _EXPIRY
                drop_expired(connection)
            done = change(connection)
            make_room(connection, self._max_bytes)
            return done

        return await self._run(lambda file: file.write(touch_and_change))

    async def _run(self, work: Callable[[SqliteFile], Awaitable[T]]) -> T | None:
        file = self._file
        try:
            if self._inode is not None and self._inode != self._inode_on_disk():
                await self._replace(file)
            done = await work(self._file)
            self._inode = self._inode or self._inode_on_disk()
        except (DamagedFile, ConfigError) as error:
            log.warning("cache_replaced: %s", error)
            await self._replace(file, remove=True)
        except (BackendUnavailable, InvalidRequest) as error:
            log.debug("cache_missed: %s", error)
        else:
            return done
        return None

    async def _replace(self, old: SqliteFile, *, remove: bool = False) -> None:
        async with self._replacing:
            if self._file is old:
                await old.close()
                if remove:
                    await asyncio.to_thread(self._remove)
                self._file, self._inode = self._new_file(), None

    def _remove(self) -> None:
        if self._inode not in (None, self._inode_on_disk()):
            return  # another process has put a sound one in its place
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            log.warning("cache_not_replaceable: %s", error)

    def _inode_on_disk(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except OSError:
            return None

    def _new_file(self) -> SqliteFile:
        return SqliteFile(
            self._path, SCHEMA, version=VERSION, durable=False, readers=2, busy_timeout=_PATIENCE
        )
