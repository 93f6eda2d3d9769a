"""The entries of `SqliteCache`: what one connection does within one transaction.

In as few statements as can be: with each a writing thread gives the interpreter away, and has to get it
back from an event loop that is busy with questions.
"""

import sqlite3
import time
from collections.abc import Mapping

VERSION = 1
_OVERHEAD = 64  # bytes of an entry besides key and value, roughly

# The triggers keep the sum, so that no write has to add up the whole cache.
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT NOT NULL UNIQUE,
    value BLOB NOT NULL,
    size INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_at);
CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used_at);
CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL) STRICT;
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);
CREATE TRIGGER IF NOT EXISTS entry_added AFTER INSERT ON entries
BEGIN UPDATE total SET bytes = bytes + new.size; END;
CREATE TRIGGER IF NOT EXISTS entry_resized AFTER UPDATE OF size ON entries
BEGIN UPDATE total SET bytes = bytes + new.size - old.size; END;
CREATE TRIGGER IF NOT EXISTS entry_removed AFTER DELETE ON entries
BEGIN UPDATE total SET bytes = bytes - old.size; END;
"""


def find(connection: sqlite3.Connection, key: str) -> bytes | None:
    row = connection.execute(
        "SELECT value FROM entries WHERE key = ? AND expires_at > ?", (key, time.time())
    ).fetchone()
    return None if row is None else bytes(row[0])


def touch(connection: sqlite3.Connection, used: Mapping[str, float]) -> None:
    if used:
        connection.executemany(
            "UPDATE entries SET used_at = max(used_at, ?) WHERE key = ?",
            [(at, key) for key, at in used.items()],
        )


def drop_expired(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM entries WHERE expires_at <= ?", (time.time(),))


def make_room(connection: sqlite3.Connection, max_bytes: int) -> None:
    """After every change: what has expired goes first, then what was not used for longest."""
    if not _is_over(connection, max_bytes):
        return
    drop_expired(connection)
    while _is_over(connection, max_bytes):
        connection.execute(
            "DELETE FROM entries WHERE rowid = (SELECT rowid FROM entries ORDER BY used_at, rowid LIMIT 1)"
        )


def store(connection: sqlite3.Connection, values: Mapping[str, bytes], ttl: float, max_bytes: int) -> None:
    for key, value in values.items():
        _put(connection, key, value, time.time() + ttl, max_bytes)


def drop(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("DELETE FROM entries WHERE key = ?", (key,))


def count(connection: sqlite3.Connection, key: str, by: int, ttl: float, max_bytes: int) -> int:
    now = time.time()
    row = connection.execute(
        "SELECT value, expires_at FROM entries WHERE key = ? AND expires_at > ?", (key, now)
    ).fetchone()
    value, expires_at = row or (b"0", now + ttl)
    counted = _number(value) + by
    _put(connection, key, str(counted).encode(), expires_at, max_bytes)
    return counted


def take(connection: sqlite3.Connection, key: str, seconds: float, most: float, max_bytes: int) -> float:
    """`Cache.reserve`. A time line is kept as the time at which it ends."""
    now = time.time()
    line = max(now, _line(connection, key))
    if line - now <= most:
        _put(connection, key, repr(line + seconds).encode(), line + seconds, max_bytes)
    return line - now


def put_off(connection: sqlite3.Connection, key: str, seconds: float, max_bytes: int) -> None:
    line = max(time.time() + seconds, _line(connection, key))
    _put(connection, key, repr(line).encode(), line, max_bytes)


def _line(connection: sqlite3.Connection, key: str) -> float:
    try:
        return float(find(connection, key) or 0)
    except ValueError:
        return 0.0  # something else: a line starts anew


def _put(connection: sqlite3.Connection, key: str, value: bytes, expires_at: float, max_bytes: int) -> None:
    size = len(key.encode()) + len(value) + _OVERHEAD
    if size > max_bytes:
        drop(connection, key)
        return
    connection.execute(
        """
        INSERT INTO entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
            value = excluded.value, size = excluded.size,
            expires_at = excluded.expires_at, used_at = excluded.used_at
        """,
        (key, value, size, expires_at, time.time()),
    )


def _is_over(connection: sqlite3.Connection, max_bytes: int) -> bool:
    is_over: int = connection.execute("SELECT bytes > ? FROM total", (max_bytes,)).fetchone()[0]
    return bool(is_over)


def _number(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        return 0  # not a counter: counting starts anew
