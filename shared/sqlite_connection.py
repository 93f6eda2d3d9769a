"""A connection to a SQLite file, its schema brought up to date. Opened by sqlite_file."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigError

_RECORD = """
CREATE TABLE IF NOT EXISTS file_format (readable_from INTEGER NOT NULL) STRICT;
DELETE FROM file_format;
INSERT INTO file_format (readable_from) VALUES ({})
"""  # by the release that wrote last, for releases older than it


def connect(
    path: Path,
    *,
    schema: str,
    version: int,
    readable_from: int,
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
            _prepare(
                connection,
                path,
                schema=schema,
                version=version,
                readable_from=readable_from,
                upgrades=upgrades,
            )
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(
    connection: sqlite3.Connection,
    path: Path,
    *,
    schema: str,
    version: int,
    readable_from: int,
    upgrades: Mapping[int, str],
) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > version and _readable_from(connection, found) > version:
        raise ConfigError(
            f"{path} was written by a newer release (format {found}, this release knows "
            f"{version}); upgrade, or point RAG_DATA to another folder"
        )
    if found < version:
        lacking = [upgrades[to] for to in sorted(upgrades) if 0 < found < to]
        script = "; ".join([schema, *lacking, _RECORD.format(readable_from)])
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {version}; COMMIT;")


def _readable_from(connection: sqlite3.Connection, found: int) -> int:
    """The oldest version that a file says it is for; older releases than this record say nothing."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'file_format'").fetchone():
        return found
    return int(connection.execute("SELECT max(readable_from) FROM file_format").fetchone()[0])


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
