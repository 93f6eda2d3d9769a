"""Users in SQLite: the `UserStore` part of `SqliteMetadataStore`."""

import json
import sqlite3
from dataclasses import fields
from typing import Any

from shared.domain import Standing, User
from shared.sqlite_file import SqliteFile

# The first columns are the fields of `User`, in their order: rows are read by position.
USERS_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_administrator INTEGER NOT NULL,
    created_at REAL NOT NULL,
    is_disabled INTEGER NOT NULL,
    organisation_id TEXT NOT NULL,
    manages_organisation INTEGER NOT NULL
) STRICT;
"""
USERS_UPGRADE_5 = """
ALTER TABLE users ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';
ALTER TABLE users ADD COLUMN manages_organisation INTEGER NOT NULL DEFAULT 0
"""

_USER_FIELDS = tuple(field.name for field in fields(User))
_STANDING = """
SELECT users.*, (SELECT json_group_array(group_id) FROM group_members WHERE user_id = users.id)
FROM users WHERE id = ? AND NOT is_disabled
"""
# Whoever administers the installation goes on doing so, unless somebody else does too.
_SET = """
UPDATE users SET
    is_disabled = coalesce(:is_disabled, is_disabled),
    is_administrator = coalesce(:is_administrator, is_administrator),
    manages_organisation = coalesce(:manages_organisation, manages_organisation)
WHERE id = :id AND (
    is_disabled OR NOT is_administrator
    OR (NOT coalesce(:is_disabled, false) AND coalesce(:is_administrator, true))
    OR EXISTS (SELECT 1 FROM users WHERE is_administrator AND NOT is_disabled AND id <> :id)
)
RETURNING *
"""


class SqliteUsers:
    _file: SqliteFile

    async def add_user(self, user: User, *, first_is_administrator: bool) -> User | None:
        def change(connection: sqlite3.Connection) -> User | None:
            row = connection.execute(
                """
                INSERT INTO users (
                    id, email, password_hash, is_administrator, created_at, is_disabled,
                    organisation_id, manages_organisation
                )
                SELECT :id, :email, :password_hash,
                    :is_administrator OR (:first AND NOT EXISTS (SELECT 1 FROM users)),
                    :created_at, :is_disabled, :organisation_id, :manages_organisation
                WHERE true
                ON CONFLICT DO NOTHING RETURNING *
                """,
                {name: getattr(user, name) for name in _USER_FIELDS} | {"first": first_is_administrator},
            ).fetchone()
            return None if row is None else to_user(row)

        return await self._file.write(change)

    async def user(self, user_id: str) -> User | None:
        return await self._find_user("SELECT * FROM users WHERE id = ?", user_id)

    async def user_by_email(self, email: str) -> User | None:
        return await self._find_user("SELECT * FROM users WHERE email = ?", email)

    async def set_password_hash(
        self, user_id: str, password_hash: str, *, replaces: str | None = None
    ) -> bool:
        statement = (
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = coalesce(?, password_hash)"
        )
        return await self._change_users(statement, (password_hash, user_id, replaces)) == 1

    async def list_users(self, *, organisation_id: str | None = None) -> list[User]:
        def query(connection: sqlite3.Connection) -> list[User]:
            rows = connection.execute(
                "SELECT * FROM users WHERE ?1 IS NULL OR organisation_id = ?1 ORDER BY email",
                (organisation_id,),
            )
            return list(map(to_user, rows))

        return await self._file.read(query)

    async def set_user(
        self,
        user_id: str,
        *,
        is_disabled: bool | None = None,
        is_administrator: bool | None = None,
        manages_organisation: bool | None = None,
    ) -> User | None:
        given = {
            "id": user_id,
            "is_disabled": is_disabled,
            "is_administrator": is_administrator,
            "manages_organisation": manages_organisation,
        }
        row = await self._file.write(lambda connection: connection.execute(_SET, given).fetchone())
        return None if row is None else to_user(row)

    async def standing(self, user_id: str) -> Standing | None:
        row = await self._file.look_up(
            lambda connection: connection.execute(_STANDING, (user_id,)).fetchone()
        )
        if row is None:
            return None
        return Standing(user=to_user(row[:-1]), groups=frozenset(json.loads(row[-1])))

    async def _find_user(self, statement: str, key: str) -> User | None:
        row = await self._file.read(lambda connection: connection.execute(statement, (key,)).fetchone())
        return None if row is None else to_user(row)

    async def _change_users(self, statement: str, given: tuple[object, ...]) -> int:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount)


def to_user(row: tuple[Any, ...]) -> User:
    values = dict(zip(_USER_FIELDS, row, strict=False))
    for claim in ("is_administrator", "is_disabled", "manages_organisation"):
        values[claim] = bool(values[claim])
    return User(**values)
