"""What the next release may make of a metadata store, and this one has to go on working with.

It adds columns, tables and indexes and says that this release may read the result (docs/adr/0010).
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from shared.metadata_stores.sqlite import SqliteMetadataStore

_NEXT = 100  # far beyond this release's


def upgraded(folder: Path, *, readable_from: int | None = None) -> Path:
    """A file of the next version: every table has a column more, and there is a table more."""
    path = folder / "metadata.db"
    if path.exists() and _version(path) == _NEXT:
        return path
    _made_by_this_release(path)
    with closing(sqlite3.connect(path)) as file:
        ours = file.execute("PRAGMA user_version").fetchone()[0]
        tables = file.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            file.execute(f"ALTER TABLE {table} ADD COLUMN of_the_next TEXT NOT NULL DEFAULT 'new'")
        file.execute("CREATE TABLE new_things (id TEXT PRIMARY KEY) STRICT")
        file.execute("CREATE INDEX documents_by_new ON documents (of_the_next)")
        file.execute("UPDATE file_format SET readable_from = ?", (readable_from or ours,))
        file.execute(f"PRAGMA user_version = {_NEXT}")
        file.commit()
    return path


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])


def _made_by_this_release(path: Path) -> None:
    store = SqliteMetadataStore(path)
    store._file._connect().close()
