"""Index versions in SQLite: the `IndexVersionStore` part of `SqliteMetadataStore`."""

import sqlite3
from dataclasses import astuple, fields, replace

from shared.domain import IndexState, IndexVersion
from shared.sqlite_file import SqliteFile

# The first columns are the fields of `IndexVersion`, in their order: rows are read by position.
INDEX_VERSIONS_SCHEMA = """
CREATE TABLE IF NOT EXISTS indexes (
    name TEXT NOT NULL,
    base TEXT NOT NULL,
    number INTEGER NOT NULL,
    embedder TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    chunk_chars INTEGER NOT NULL,
    chunk_overlap INTEGER NOT NULL,
    created_at REAL NOT NULL,
    state TEXT NOT NULL,
    changed_at REAL NOT NULL,
    documents INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    gate TEXT NOT NULL,
    PRIMARY KEY (base, name),
    UNIQUE (base, number)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_live_index ON indexes (base) WHERE state = 'live';
CREATE UNIQUE INDEX IF NOT EXISTS one_building_index ON indexes (base) WHERE state = 'building';
"""
# Format 2 had one index, under the name of its base, which held every current version; format 1 had no
# record of it. Where a name was given up for another, nothing says which index holds what: it is filled anew.
INDEX_VERSIONS_UPGRADE = """
CREATE TABLE IF NOT EXISTS index_versions
    (name TEXT PRIMARY KEY, embedder TEXT NOT NULL, dimension INTEGER NOT NULL, created_at REAL NOT NULL);
INSERT OR IGNORE INTO indexes
    SELECT name, name, 1, embedder, dimension, 900, 120, created_at, 'live', created_at, 0, 0, ''
    FROM index_versions;
UPDATE documents SET held = json_object((SELECT name FROM index_versions), current_version)
    WHERE current_version > 0 AND (SELECT count(*) FROM index_versions) = 1;
DROP TABLE index_versions
"""

_FIELDS = tuple(field.name for field in fields(IndexVersion))
_STATE = _FIELDS.index("state")
_INSERT = f"INSERT OR IGNORE INTO indexes ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608


class SqliteIndexVersions:
    _file: SqliteFile

    async def first_index(self, version: IndexVersion) -> IndexVersion:
        def change(connection: sqlite3.Connection) -> IndexVersion:
            _insert(connection, replace(version, state=IndexState.LIVE))
            found = connection.execute(
                "SELECT * FROM indexes WHERE base = ? AND state = 'live'", (version.base,)
            )
            return _to_version(found.fetchone())

        return await self._file.write(change)

    async def add_index(self, version: IndexVersion) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            has_live = connection.execute(
                "SELECT 1 FROM indexes WHERE base = ? AND state = 'live'", (version.base,)
            ).fetchone()
            return bool(has_live) and _insert(connection, replace(version, state=IndexState.BUILDING))

        return await self._file.write(change)

    async def index_versions(self, base: str) -> list[IndexVersion]:
        def query(connection: sqlite3.Connection) -> list[IndexVersion]:
            rows = connection.execute("SELECT * FROM indexes WHERE base = ? ORDER BY number", (base,))
            return [_to_version(row) for row in rows]

        return await self._file.read(query)

    async def switch_index(self, base: str, name: str, *, expected: str, now: float) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            states = dict(connection.execute("SELECT name, state FROM indexes WHERE base = ?", (base,)))
            if states.get(expected) != "live" or states.get(name) not in ("building", "standby"):
                return False
            connection.executemany(
                "UPDATE indexes SET state = ?, changed_at = ? WHERE base = ? AND name = ?",
                [("standby", now, base, expected), ("live", now, base, name)],
            )
            return True

        return await self._file.write(change)

    async def remove_index(self, base: str, name: str, *, now: float) -> bool:
        return await self._is_index_changed(
            "UPDATE indexes SET state = 'removed', changed_at = ?"
            " WHERE base = ? AND name = ? AND state NOT IN ('live', 'removed')",
            (now, base, name),
        )

    async def note_index(
        self, base: str, name: str, *, documents: int, chunks: int, gate: str | None = None
    ) -> None:
        await self._is_index_changed(
            "UPDATE indexes SET documents = ?, chunks = ?, gate = coalesce(?, gate)"
            " WHERE base = ? AND name = ?",
            (documents, chunks, gate, base, name),
        )

    async def _is_index_changed(self, statement: str, given: tuple[object, ...]) -> bool:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount > 0)


def _insert(connection: sqlite3.Connection, version: IndexVersion) -> bool:
    """False where a name, a number, the live or the building one is taken."""
    return connection.execute(_INSERT, astuple(version)).rowcount > 0


def _to_version(row: tuple[object, ...]) -> IndexVersion:
    values = dict(zip(_FIELDS, row, strict=False))
    return IndexVersion(**{**values, "state": IndexState(str(row[_STATE]))})  # type: ignore[arg-type]
