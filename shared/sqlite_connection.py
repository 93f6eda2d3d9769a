"""A connection to a SQLite file, its schema brought up to date. Opened by sqlite_file."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigError


def connect(
    path: Path,
    *,
    schema: str,
    version: int,
    upgrades: Mapping[int, str],
    durable: bool,
    busy_timeout: float,
) -> sqlite3.Connection:
    """In WAL mode, for one thread; the arguments are those of `SqliteFile`.

    Errors: `ConfigError`, those of SQLite, `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_process_in(path.parent):
        # Only `SqliteFile.close` touches it from another thread, at the very end.
        connection = sqlite3.connect(
            path, timeout=busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            _prepare(connection, path, schema, version, upgrades)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(
    connection: sqlite3.Connection, path: Path, schema: str, version: int, upgrades: Mapping[int, str]
) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > version:
        raise ConfigError(
            f"{path} was written by a newer release (format {found}, this release knows "
            f"{version}); upgrade, or point RAG_DATA to another folder"
        )
    if found < version:
        lacking = [upgrades[to] for to in sorted(upgrades) if 0 < found < to]
        script = "; ".join([schema, *lacking])
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {version}; COMMIT;")


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
