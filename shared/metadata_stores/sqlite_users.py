"""Users in SQLite: the `UserStore` part of `SqliteMetadataStore`."""

import sqlite3
from dataclasses import fields
from typing import Any

from shared.domain import User
from shared.sqlite_file import SqliteFile

# The columns are the fields of `User`, in their order: rows are read by position.
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


class SqliteUsers:
    _file: SqliteFile

    async def add_user(self, user: User, *, first_is_administrator: bool) -> User | None:
        def change(connection: sqlite3.Connection) -> User | None:
            row = connection.execute(
                """
                INSERT INTO users
                SELECT :id, :email, :password_hash,
                    :is_administrator OR (:first AND NOT EXISTS (SELECT 1 FROM users)),
                    :created_at, :is_disabled, :organisation_id, :manages_organisation
                WHERE true
                ON CONFLICT DO NOTHING RETURNING *
                """,
                {name: getattr(user, name) for name in _USER_FIELDS} | {"first": first_is_administrator},
            ).fetchone()
            return None if row is None else _to_user(row)

        return await self._file.write(change)

    async def user(self, user_id: str) -> User | None:
        return await self._find_user("SELECT * FROM users WHERE id = ?", user_id)

    async def user_by_email(self, email: str) -> User | None:
        return await self._find_user("SELECT * FROM users WHERE email = ?", email)

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        await self._change_users("UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user_id))

    async def list_users(self) -> list[User]:
        def query(connection: sqlite3.Connection) -> list[User]:
            return [_to_user(row) for row in connection.execute("SELECT * FROM users ORDER BY email")]

        return await self._file.read(query)

    async def _find_user(self, statement: str, key: str) -> User | None:
        row = await self._file.read(lambda connection: connection.execute(statement, (key,)).fetchone())
        return None if row is None else _to_user(row)

    async def _change_users(self, statement: str, given: tuple[object, ...]) -> int:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount)


def _to_user(row: tuple[Any, ...]) -> User:
    values = dict(zip(_USER_FIELDS, row, strict=True))
    for claim in ("is_administrator", "is_disabled", "manages_organisation"):
        values[claim] = bool(values[claim])
    return User(**values)
