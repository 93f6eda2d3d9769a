"""Groups and who is in them, in SQLite: a part of the `PeopleStore` of `SqliteMetadataStore`."""

import sqlite3

from shared.domain import Group, User
from shared.metadata_stores.base_people import name_key
from shared.metadata_stores.sqlite_users import to_user
from shared.sqlite_file import SqliteFile

GROUPS_SCHEMA = """
CREATE TABLE IF NOT EXISTS groups (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    name_key TEXT NOT NULL,
    UNIQUE (organisation_id, name_key)
) STRICT;
CREATE TABLE IF NOT EXISTS group_members (
    user_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS group_members_by_group ON group_members (group_id);
"""

_FIND = "SELECT id, organisation_id, name, created_at FROM groups"


class SqliteGroups:
    _file: SqliteFile

    async def add_group(self, group: Group) -> bool:
        return await self._change_groups(
            """
            INSERT OR IGNORE INTO groups (id, organisation_id, name, created_at, name_key)
            SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM organisations WHERE id = ?2)
            """,
            (group.id, group.organisation_id, group.name, group.created_at, name_key(group.name)),
        )

    async def group(self, group_id: str) -> Group | None:
        found = await self._find_groups(f"{_FIND} WHERE id = ?", group_id)
        return found[0] if found else None

    async def groups(self, organisation_id: str) -> list[Group]:
        return await self._find_groups(
            f"{_FIND} WHERE organisation_id = ? ORDER BY name_key", organisation_id
        )

    async def rename_group(self, group_id: str, name: str) -> bool:
        return await self._change_groups(
            "UPDATE OR IGNORE groups SET name = ?, name_key = ? WHERE id = ?",
            (name, name_key(name), group_id),
        )

    async def remove_group(self, group_id: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM group_members WHERE group_id = ?", (group_id,))
            return connection.execute("DELETE FROM groups WHERE id = ?", (group_id,)).rowcount == 1

        return await self._file.write(change)

    async def add_member(self, group_id: str, user_id: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            both = (user_id, group_id)
            connection.execute(
                """
                INSERT OR IGNORE INTO group_members (user_id, group_id)
                SELECT users.id, groups.id FROM users JOIN groups USING (organisation_id)
                WHERE users.id = ? AND groups.id = ?
                """,
                both,
            )
            is_in = "SELECT 1 FROM group_members WHERE user_id = ? AND group_id = ?"
            return connection.execute(is_in, both).fetchone() is not None

        return await self._file.write(change)

    async def remove_member(self, group_id: str, user_id: str) -> bool:
        return await self._change_groups(
            "DELETE FROM group_members WHERE group_id = ? AND user_id = ?", (group_id, user_id)
        )

    async def members(self, group_id: str) -> list[User]:
        def query(connection: sqlite3.Connection) -> list[User]:
            rows = connection.execute(
                """
                SELECT users.* FROM group_members JOIN users ON users.id = group_members.user_id
                WHERE group_id = ? ORDER BY email
                """,
                (group_id,),
            )
            return list(map(to_user, rows))

        return await self._file.read(query)

    async def _find_groups(self, statement: str, key: str) -> list[Group]:
        def query(connection: sqlite3.Connection) -> list[Group]:
            return [
                Group(id=group_id, organisation_id=organisation_id, name=name, created_at=created_at)
                for group_id, organisation_id, name, created_at in connection.execute(statement, (key,))
            ]

        return await self._file.read(query)

    async def _change_groups(self, statement: str, given: tuple[object, ...]) -> bool:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount == 1)
