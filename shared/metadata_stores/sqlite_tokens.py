"""Refresh tokens in SQLite: the `SessionStore` part of `SqliteMetadataStore`."""

import sqlite3
from dataclasses import astuple, fields

from shared.domain import RefreshToken, Session
from shared.sqlite_file import SqliteFile

# The first columns are the fields of `RefreshToken`, in their order: rows are read by position.
TOKENS_SCHEMA = """
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    family_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    issued_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    rotated_at REAL,
    revoked_at REAL,
    began_at REAL,
    client TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX IF NOT EXISTS refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS refresh_tokens_by_expiry ON refresh_tokens (expires_at);
"""
TOKENS_UPGRADE_5 = """
ALTER TABLE refresh_tokens ADD COLUMN began_at REAL;
ALTER TABLE refresh_tokens ADD COLUMN client TEXT NOT NULL DEFAULT ''
"""

_FIELDS = tuple(field.name for field in fields(RefreshToken))
_SESSION_FIELDS = tuple(field.name for field in fields(Session))
_SESSIONS = """
SELECT family_id, min(coalesce(began_at, issued_at)), max(issued_at), max(expires_at), max(client)
FROM refresh_tokens WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?
GROUP BY family_id ORDER BY max(issued_at) DESC, family_id
"""


class SqliteTokens:
    _file: SqliteFile

    async def add_refresh_token(self, token: RefreshToken) -> bool:
        # A rotation that has won its claim may be overtaken by the family's revocation.
        return (
            await self._change_tokens(
                """
            INSERT INTO refresh_tokens (
                token_hash, family_id, user_id, issued_at, expires_at, rotated_at, revoked_at,
                began_at, client
            ) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
            WHERE NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE family_id = ? AND revoked_at IS NOT NULL)
            """,
                (*astuple(token), token.family_id),
            )
            == 1
        )

    async def refresh_token(self, token_hash: str) -> RefreshToken | None:
        return await self._file.read(lambda connection: _find_token(connection, token_hash))

    async def claim_refresh_token(self, token_hash: str, *, now: float) -> RefreshToken | None:
        def change(connection: sqlite3.Connection) -> RefreshToken | None:
            before = _find_token(connection, token_hash)
            connection.execute(
                """
                UPDATE refresh_tokens SET rotated_at = ?
                WHERE token_hash = ? AND rotated_at IS NULL AND revoked_at IS NULL AND expires_at > ?
                """,
                (now, token_hash, now),
            )
            return before

        return await self._file.write(change)

    async def revoke_family(self, family_id: str, *, now: float) -> None:
        await self._change_tokens(
            "UPDATE refresh_tokens SET revoked_at = ? WHERE family_id = ? AND revoked_at IS NULL",
            (now, family_id),
        )

    async def revoke_user_tokens(self, user_id: str, *, now: float, spare: str | None = None) -> None:
        await self._change_tokens(
            """
            UPDATE refresh_tokens SET revoked_at = ?
            WHERE user_id = ? AND family_id IS NOT ? AND revoked_at IS NULL
            """,
            (now, user_id, spare),
        )

    async def family_is_live(self, family_id: str, *, now: float) -> bool:
        def query(connection: sqlite3.Connection) -> bool:
            live = connection.execute(
                "SELECT 1 FROM refresh_tokens WHERE family_id = ? AND revoked_at IS NULL AND expires_at > ?",
                (family_id, now),
            )
            return live.fetchone() is not None

        return await self._file.look_up(query)

    async def sessions(self, user_id: str, *, now: float) -> list[Session]:
        def query(connection: sqlite3.Connection) -> list[Session]:
            rows = connection.execute(_SESSIONS, (user_id, now))
            return [Session(**dict(zip(_SESSION_FIELDS, row, strict=True))) for row in rows]

        return await self._file.read(query)

    async def purge_refresh_tokens(self, *, before: float) -> int:
        return await self._change_tokens("DELETE FROM refresh_tokens WHERE expires_at < ?", (before,))

    async def _change_tokens(self, statement: str, given: tuple[object, ...]) -> int:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount)


def _find_token(connection: sqlite3.Connection, token_hash: str) -> RefreshToken | None:
    row = connection.execute("SELECT * FROM refresh_tokens WHERE token_hash = ?", (token_hash,)).fetchone()
    return None if row is None else RefreshToken(**dict(zip(_FIELDS, row, strict=False)))
