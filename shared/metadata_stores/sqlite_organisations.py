"""Organisations in SQLite: a part of the `PeopleStore` of `SqliteMetadataStore`."""

import sqlite3

from shared.domain import DEFAULT_ORGANISATION, Organisation
from shared.metadata_stores.base_people import THE_DEFAULT, name_key
from shared.sqlite_file import SqliteFile

ORGANISATIONS_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS organisations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    name_key TEXT NOT NULL UNIQUE
) STRICT;
INSERT OR IGNORE INTO organisations (id, name, created_at, name_key)
VALUES ('{THE_DEFAULT.id}', '{THE_DEFAULT.name}', {THE_DEFAULT.created_at}, '{name_key(THE_DEFAULT.name)}');
"""  # noqa: S608 constants


class SqliteOrganisations:
    _file: SqliteFile

    async def add_organisation(self, organisation: Organisation) -> bool:
        given = (organisation.id, organisation.name, organisation.created_at, name_key(organisation.name))
        return await self._change_organisations(
            "INSERT OR IGNORE INTO organisations (id, name, created_at, name_key) VALUES (?, ?, ?, ?)", given
        )

    async def organisations(self) -> list[Organisation]:
        def query(connection: sqlite3.Connection) -> list[Organisation]:
            rows = connection.execute("SELECT id, name, created_at FROM organisations ORDER BY name_key")
            return [Organisation(id=key, name=name, created_at=created_at) for key, name, created_at in rows]

        return await self._file.read(query)

    async def rename_organisation(self, organisation_id: str, name: str) -> bool:
        return await self._change_organisations(
            "UPDATE OR IGNORE organisations SET name = ?, name_key = ? WHERE id = ?",
            (name, name_key(name), organisation_id),
        )

    async def remove_organisation(self, organisation_id: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            removed = connection.execute(
                """
                DELETE FROM organisations WHERE id = ?1 AND id <> ?2
                AND NOT EXISTS (SELECT 1 FROM users WHERE organisation_id = ?1)
                """,
                (organisation_id, DEFAULT_ORGANISATION),
            ).rowcount
            if removed:
                connection.execute("DELETE FROM groups WHERE organisation_id = ?", (organisation_id,))
            return removed == 1

        return await self._file.write(change)

    async def _change_organisations(self, statement: str, given: tuple[object, ...]) -> bool:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount == 1)
