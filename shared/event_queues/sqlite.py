"""`SqliteEventQueue`: named queues in one SQLite file, shared by several processes. Built by compose.

Commits are not synced one by one: a killed process loses nothing, a power cut may lose the last moments.
A lost `send` leaves a blob without its document, which the reconciler announces again; a lost `delete`
hands the message out a second time, which at-least-once allows. That buys some ten times the throughput.
"""

import secrets
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

from shared.domain import QueueMessage
from shared.sqlite_file import SqliteFile

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    body TEXT NOT NULL,
    receipt TEXT NOT NULL,
    dequeue_count INTEGER NOT NULL,
    inserted_at REAL NOT NULL,
    visible_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_queue ON messages (queue);
"""
_HOLD = """
UPDATE messages SET
    visible_at = :now + :visibility, dequeue_count = dequeue_count + 1, receipt = hex(randomblob(16))
WHERE sequence IN (
    SELECT sequence FROM messages WHERE queue = :queue AND visible_at <= :now
    ORDER BY visible_at, sequence LIMIT :limit
)
RETURNING sequence, receipt, body, dequeue_count, inserted_at
"""


class SqliteEventQueue:
    """The clock is the machine's, because it is the one thing that all its processes share."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, version=_VERSION, durable=False)

    async def send(self, queue: str, body: str, *, delay: float = 0.0) -> None:
        def change(connection: sqlite3.Connection) -> None:
            now = time.time()
            connection.execute(
                """
                INSERT INTO messages (queue, body, receipt, dequeue_count, inserted_at, visible_at)
                VALUES (?, ?, '', 0, ?, ?)
                """,
                (queue, body, now, now + delay),
            )

        await self._file.write(change)

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[QueueMessage]:
        def any_visible(connection: sqlite3.Connection) -> bool:
            visible = connection.execute(
                "SELECT 1 FROM messages WHERE queue = ? AND visible_at <= ? LIMIT 1", (queue, time.time())
            )
            return visible.fetchone() is not None

        def hold(connection: sqlite3.Connection) -> list[QueueMessage]:
            given = {"queue": queue, "limit": limit, "visibility": visibility, "now": time.time()}
            return [_to_message(*row) for row in sorted(connection.execute(_HOLD, given))]

        # Most polls find nothing, and reading takes no lock from the processes that write.
        return await self._file.write(hold) if await self._file.read(any_visible) else []

    async def extend(self, queue: str, message: QueueMessage, *, visibility: float) -> QueueMessage | None:
        receipt = secrets.token_hex(16)
        is_held = await self._change(
            """
            UPDATE messages SET visible_at = ?, receipt = ?
            WHERE sequence = ? AND queue = ? AND receipt = ?
            """,
            (time.time() + visibility, receipt, int(message.id), queue, message.receipt),
        )
        return replace(message, receipt=receipt) if is_held else None

    async def delete(self, queue: str, message: QueueMessage) -> bool:
        return await self._change(
            "DELETE FROM messages WHERE sequence = ? AND queue = ? AND receipt = ?",
            (int(message.id), queue, message.receipt),
        )

    async def length(self, queue: str) -> int:
        def query(connection: sqlite3.Connection) -> int:
            counted = connection.execute("SELECT COUNT(*) FROM messages WHERE queue = ?", (queue,))
            return int(counted.fetchone()[0])

        return await self._file.read(query)

    async def oldest(self, queue: str) -> float | None:
        def query(connection: sqlite3.Connection) -> float | None:
            row = connection.execute(
                "SELECT inserted_at FROM messages WHERE queue = ? ORDER BY sequence LIMIT 1", (queue,)
            ).fetchone()
            return None if row is None else float(row[0])

        return await self._file.read(query)

    async def close(self) -> None:
        await self._file.close()

    async def _change(self, statement: str, given: tuple[object, ...]) -> bool:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount > 0)


def _to_message(
    sequence: int, receipt: str, body: str, dequeue_count: int, inserted_at: float
) -> QueueMessage:
    return QueueMessage(
        id=str(sequence), receipt=receipt, body=body, dequeue_count=dequeue_count, inserted_at=inserted_at
    )
