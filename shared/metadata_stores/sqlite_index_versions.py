"""Index versions in SQLite: the `IndexVersionStore` part of `SqliteMetadataStore`."""

import sqlite3
from dataclasses import astuple, fields

from shared.domain import IndexVersion
from shared.sqlite_file import SqliteFile

# The columns are the fields of `IndexVersion`, in their order: rows are read by position.
INDEX_VERSIONS_SCHEMA = """
CREATE TABLE IF NOT EXISTS index_versions (
    name TEXT PRIMARY KEY,
    embedder TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    created_at REAL NOT NULL
) STRICT;
"""

_FIELDS = tuple(field.name for field in fields(IndexVersion))


class SqliteIndexVersions:
    _file: SqliteFile

    async def record_index(self, version: IndexVersion) -> IndexVersion:
        def change(connection: sqlite3.Connection) -> IndexVersion:
            connection.execute("INSERT OR IGNORE INTO index_versions VALUES (?, ?, ?, ?)", astuple(version))
            row = connection.execute(
                "SELECT * FROM index_versions WHERE name = ?", (version.name,)
            ).fetchone()
            return IndexVersion(**dict(zip(_FIELDS, row, strict=True)))

        return await self._file.write(change)

    async def index_versions(self) -> list[IndexVersion]:
        def query(connection: sqlite3.Connection) -> list[IndexVersion]:
            rows = connection.execute("SELECT * FROM index_versions ORDER BY name")
            return [IndexVersion(**dict(zip(_FIELDS, row, strict=True))) for row in rows]

        return await self._file.read(query)
