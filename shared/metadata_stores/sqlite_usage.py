"""Usage in SQLite: the `UsageStore` part of `SqliteMetadataStore`."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from shared.domain import DailyUsage, Spent
from shared.sqlite_file import SqliteFile

USAGE_SCHEMA = """
CREATE TABLE IF NOT EXISTS usage (
    day TEXT NOT NULL,
    user_id TEXT NOT NULL,
    model TEXT NOT NULL,
    questions INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    saved_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (day, user_id, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS usage_by_user ON usage (user_id, day);
"""
_ADD = """
INSERT INTO usage
    (day, user_id, model, questions, prompt_tokens, completion_tokens, saved_tokens, cost)
VALUES
    (:day, :user_id, :model, :questions, :prompt_tokens, :completion_tokens, :saved_tokens, :cost)
ON CONFLICT DO UPDATE SET
    questions = questions + excluded.questions,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens,
    saved_tokens = saved_tokens + excluded.saved_tokens,
    cost = cost + excluded.cost
"""
_OF_USER = """
SELECT day, model, questions, prompt_tokens, completion_tokens, saved_tokens, cost FROM usage
WHERE user_id = ? AND day BETWEEN ? AND ? ORDER BY day, model
"""
_BY_USER = """
SELECT user_id, sum(questions), sum(prompt_tokens), sum(completion_tokens), sum(saved_tokens), sum(cost)
FROM usage WHERE day BETWEEN ? AND ? GROUP BY user_id
"""
_BY_DAY = """
SELECT day, model, sum(questions), sum(prompt_tokens), sum(completion_tokens), sum(saved_tokens), sum(cost)
FROM usage WHERE day BETWEEN ? AND ? GROUP BY day, model ORDER BY day, model
"""
_TOKENS = "SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage WHERE day = ?"


class SqliteUsage:
    _file: SqliteFile

    async def add_usage(self, usages: Sequence[DailyUsage]) -> int:
        rows = [
            {"day": each.day, "user_id": each.user_id, "model": each.model, **asdict(each.spent)}
            for each in usages
        ]

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(_ADD, rows)

        if rows:
            await self._file.write(change)
        return len(rows)

    async def usage(self, user_id: str, *, first_day: str, last_day: str) -> list[DailyUsage]:
        def query(connection: sqlite3.Connection) -> list[DailyUsage]:
            found = connection.execute(_OF_USER, (user_id, first_day, last_day))
            return [
                DailyUsage(user_id=user_id, day=day, model=model, spent=_to_spent(row))
                for day, model, *row in found
            ]

        return await self._file.read(query)

    async def usage_by_user(self, *, first_day: str, last_day: str) -> dict[str, Spent]:
        def query(connection: sqlite3.Connection) -> dict[str, Spent]:
            found = connection.execute(_BY_USER, (first_day, last_day))
            return {user_id: _to_spent(row) for user_id, *row in found}

        return await self._file.read(query)

    async def usage_by_day(self, *, first_day: str, last_day: str) -> dict[tuple[str, str], Spent]:
        def query(connection: sqlite3.Connection) -> dict[tuple[str, str], Spent]:
            found = connection.execute(_BY_DAY, (first_day, last_day))
            return {(day, model): _to_spent(row) for day, model, *row in found}

        return await self._file.read(query)

    async def tokens_used(self, day: str) -> int:
        def query(connection: sqlite3.Connection) -> int:
            total: int = connection.execute(_TOKENS, (day,)).fetchone()[0]
            return total

        return await self._file.read(query)


def _to_spent(row: Sequence[int]) -> Spent:
    questions, prompt_tokens, completion_tokens, saved_tokens, cost = row
    return Spent(
        questions=questions,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        saved_tokens=saved_tokens,
        cost=cost,
    )
