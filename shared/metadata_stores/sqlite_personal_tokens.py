"""Personal access tokens in SQLite: the `PersonalTokenStore` part of `SqliteMetadataStore`."""

import sqlite3
from dataclasses import fields
from typing import Any

from shared.domain import PersonalToken
from shared.sqlite_file import SqliteFile

# The first columns are the fields of `PersonalToken`, in their order: rows are read by position.
PERSONAL_TOKENS_SCHEMA = """
CREATE TABLE IF NOT EXISTS personal_tokens (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    UNIQUE (user_id, name)
) STRICT;
CREATE INDEX IF NOT EXISTS personal_tokens_by_expiry ON personal_tokens (expires_at);
"""

_FIELDS = tuple(field.name for field in fields(PersonalToken))
_INSERT = f"""
INSERT INTO personal_tokens ({", ".join(_FIELDS)}) VALUES ({", ".join("?" * len(_FIELDS))})
ON CONFLICT DO NOTHING
"""  # noqa: S608 constants  # nosec B608


class SqlitePersonalTokens:
    _file: SqliteFile

    async def add_personal_token(self, token: PersonalToken) -> bool:
        values = {name: getattr(token, name) for name in _FIELDS} | {"scopes": " ".join(sorted(token.scopes))}
        return await self._change_personal_tokens(_INSERT, tuple(values.values())) == 1

    async def personal_token(self, token_hash: str) -> PersonalToken | None:
        def query(connection: sqlite3.Connection) -> PersonalToken | None:
            found = connection.execute("SELECT * FROM personal_tokens WHERE token_hash = ?", (token_hash,))
            row = found.fetchone()
            return None if row is None else _to_token(row)

        return await self._file.look_up(query)

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        def query(connection: sqlite3.Connection) -> list[PersonalToken]:
            statement = "SELECT * FROM personal_tokens WHERE user_id = ? ORDER BY name"
            return [_to_token(row) for row in connection.execute(statement, (user_id,))]

        return await self._file.read(query)

    async def remove_personal_token(self, token_id: str, *, user_id: str) -> bool:
        statement = "DELETE FROM personal_tokens WHERE id = ? AND user_id = ?"
        return await self._change_personal_tokens(statement, (token_id, user_id)) == 1

    async def remove_personal_tokens(self, user_id: str) -> None:
        await self._change_personal_tokens("DELETE FROM personal_tokens WHERE user_id = ?", (user_id,))

    async def purge_personal_tokens(self, *, before: float) -> int:
        return await self._change_personal_tokens(
            "DELETE FROM personal_tokens WHERE expires_at < ?", (before,)
        )

    async def _change_personal_tokens(self, statement: str, given: tuple[object, ...]) -> int:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount)


def _to_token(row: tuple[Any, ...]) -> PersonalToken:
    values = dict(zip(_FIELDS, row, strict=False))
    return PersonalToken(**values | {"scopes": frozenset(values["scopes"].split())})
