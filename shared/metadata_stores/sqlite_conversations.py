"""Conversations and feedback in SQLite: the `ConversationStore` part of `SqliteMetadataStore`."""

import json
import math
import sqlite3
from dataclasses import asdict
from typing import Any

from shared.domain import Conversation, Feedback, Turn
from shared.metadata_stores.base_conversations import to_turn
from shared.sqlite_file import SqliteFile

CONVERSATIONS_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS conversations_by_user ON conversations (user_id, updated_at DESC);
CREATE TABLE IF NOT EXISTS turns (
    ordinal INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    turn TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation_id);
CREATE TABLE IF NOT EXISTS feedback (
    user_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    rating TEXT NOT NULL,
    comment TEXT NOT NULL,
    given_at REAL NOT NULL,
    PRIMARY KEY (user_id, conversation_id, request_id)
) STRICT;
"""
_DROP_OLDEST = """
DELETE FROM turns WHERE conversation_id = :id AND ordinal NOT IN
(SELECT ordinal FROM turns WHERE conversation_id = :id ORDER BY ordinal DESC LIMIT :kept)
"""


class SqliteConversations:
    _file: SqliteFile

    async def add_turn(
        self, conversation_id: str, user_id: str, turn: Turn, *, title: str, max_turns: int
    ) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            own = connection.execute(
                """
                INSERT INTO conversations (id, user_id, title, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
                SET updated_at = max(updated_at, excluded.updated_at) WHERE user_id = excluded.user_id
                RETURNING created_at
                """,
                (conversation_id, user_id, title, turn.asked_at, turn.asked_at),
            ).fetchone()
            if own is None:
                return False
            connection.execute(
                "INSERT INTO turns (conversation_id, turn) VALUES (?, ?)",
                (conversation_id, _stored(turn)),
            )
            if own[0] != turn.asked_at:  # else it is the first
                connection.execute(_DROP_OLDEST, {"id": conversation_id, "kept": max_turns})
            return True

        return await self._file.write(change)

    async def conversation(self, conversation_id: str, user_id: str) -> Conversation | None:
        def query(connection: sqlite3.Connection) -> Conversation | None:
            row = connection.execute(
                "SELECT * FROM conversations WHERE id = ? AND user_id = ?", (conversation_id, user_id)
            ).fetchone()
            if row is None:
                return None
            turns = connection.execute(
                "SELECT turn FROM turns WHERE conversation_id = ? ORDER BY ordinal", (conversation_id,)
            )
            return _to_conversation(row, tuple(to_turn(json.loads(turn)) for (turn,) in turns))

        return await self._file.read(query)

    async def list_conversations(
        self, user_id: str, *, limit: int = 100, after: tuple[float, str] | None = None
    ) -> list[Conversation]:
        updated_at, conversation_id = after or (math.inf, "")

        def query(connection: sqlite3.Connection) -> list[Conversation]:
            rows = connection.execute(
                """
                SELECT * FROM conversations
                WHERE user_id = :user AND updated_at <= :at AND (updated_at < :at OR id > :id)
                ORDER BY updated_at DESC, id LIMIT :limit
                """,
                {"user": user_id, "at": updated_at, "id": conversation_id, "limit": limit},
            )
            return [_to_conversation(row, ()) for row in rows]

        return await self._file.read(query)

    async def rename_conversation(self, conversation_id: str, user_id: str, title: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            renamed = connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND user_id = ?",
                (title, conversation_id, user_id),
            )
            return renamed.rowcount > 0

        return await self._file.write(change)

    async def delete_conversation(self, conversation_id: str, user_id: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            deleted = connection.execute(
                "DELETE FROM conversations WHERE id = ? AND user_id = ?", (conversation_id, user_id)
            ).rowcount
            if deleted:
                connection.execute("DELETE FROM turns WHERE conversation_id = ?", (conversation_id,))
            return deleted > 0

        return await self._file.write(change)

    async def delete_conversations(self, user_id: str) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                """
                DELETE FROM turns
                WHERE conversation_id IN (SELECT id FROM conversations WHERE user_id = ?)
                """,
                (user_id,),
            )
            connection.execute("DELETE FROM conversations WHERE user_id = ?", (user_id,))

        await self._file.write(change)

    async def add_feedback(self, feedback: Feedback) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                """
                INSERT OR REPLACE INTO feedback
                    (user_id, conversation_id, request_id, rating, comment, given_at)
                VALUES (:user_id, :conversation_id, :request_id, :rating, :comment, :given_at)
                """,
                asdict(feedback),
            )

        await self._file.write(change)

    async def cited_turns(self, *, limit: int) -> list[Turn]:
        def query(connection: sqlite3.Connection) -> list[Turn]:
            rows = connection.execute(
                """
                SELECT turn FROM turns WHERE json_array_length(turn, '$.citations') > 0
                ORDER BY json_extract(turn, '$.asked_at') DESC LIMIT ?
                """,
                (limit,),
            )
            return [to_turn(json.loads(turn)) for (turn,) in rows]

        return await self._file.read(query)


def _to_conversation(row: tuple[Any, ...], turns: tuple[Turn, ...]) -> Conversation:
    conversation_id, user_id, title, created_at, updated_at = row[:5]
    return Conversation(
        id=conversation_id,
        user_id=user_id,
        title=title,
        created_at=created_at,
        updated_at=updated_at,
        turns=turns,
    )


def _stored(turn: Turn) -> str:
    # `asdict`, which copies deeply, takes ten times as long, and every answer is written.
    return json.dumps(vars(turn) | {"citations": [vars(citation) for citation in turn.citations]})
