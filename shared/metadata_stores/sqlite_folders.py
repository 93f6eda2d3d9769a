"""Who may read what is new in a folder, in SQLite: a part of the `PeopleStore` of `SqliteMetadataStore`."""

import json
import sqlite3
from collections.abc import Sequence

from shared.domain import FolderDefault
from shared.sqlite_file import SqliteFile

FOLDERS_SCHEMA = """
CREATE TABLE IF NOT EXISTS folder_defaults (
    folder TEXT PRIMARY KEY,
    readers TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


class SqliteFolders:
    _file: SqliteFile

    async def set_folder_default(self, folder: FolderDefault) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM folder_defaults WHERE folder = ?", (folder.folder,))
            if folder.readers:
                given = (folder.folder, json.dumps(sorted(folder.readers)))
                connection.execute("INSERT INTO folder_defaults (folder, readers) VALUES (?, ?)", given)

        await self._file.write(change)

    async def folder_defaults(self, folders: Sequence[str]) -> list[FolderDefault]:
        return await self._find_folders(
            """
            SELECT folder, readers FROM folder_defaults
            WHERE folder IN (SELECT value FROM json_each(?)) ORDER BY folder
            """,
            json.dumps(list(folders), ensure_ascii=False),
        )

    async def list_folder_defaults(self, *, prefix: str) -> list[FolderDefault]:
        return await self._find_folders(
            """
            SELECT folder, readers FROM folder_defaults
            WHERE substr(folder, 1, length(?1)) = ?1 ORDER BY folder
            """,
            prefix,
        )

    async def _find_folders(self, statement: str, given: str) -> list[FolderDefault]:
        def query(connection: sqlite3.Connection) -> list[FolderDefault]:
            return [
                FolderDefault(folder=folder, readers=frozenset(json.loads(readers)))
                for folder, readers in connection.execute(statement, (given,))
            ]

        return await self._file.read(query)
