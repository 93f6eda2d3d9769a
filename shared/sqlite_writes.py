"""Writes to a SQLite file that share a transaction. Used by sqlite_file."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

Outcome: TypeAlias = tuple[Any, BaseException | None]  # what a change returned, or raised


@dataclass(frozen=True, kw_only=True)
class Write:
    """A change that waits for its transaction."""

    change: Callable[[sqlite3.Connection], Any]
    done: asyncio.Future[Any]

    def settle(self, result: object, failure: BaseException | None) -> None:
        if self.done.done():
            return  # nobody waits any more
        if failure is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(failure)


def tell(batch: Sequence[Write], outcomes: Sequence[Outcome]) -> None:
    """Each event loop is woken once."""

    def settle(loop: asyncio.AbstractEventLoop) -> None:
        for write, (result, failure) in zip(batch, outcomes, strict=True):
            if write.done.get_loop() is loop:
                write.settle(result, failure)

    for loop in {write.done.get_loop() for write in batch}:
        with suppress(RuntimeError):  # it was closed meanwhile
            loop.call_soon_threadsafe(settle, loop)


def together(batch: Sequence[Write], connection: sqlite3.Connection) -> list[Outcome]:
    """Kept apart only once one has failed, as that costs as many statements as most changes do."""
    try:
        return [(write.change(connection), None) for write in batch]
    except BaseException:
        if len(batch) == 1 or not connection.in_transaction:
            raise
    connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    return [_apart(connection, write.change) for write in batch]


def _apart(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], Any]) -> Outcome:
    """What the change returns, or raises; then nothing of it is left, and what others did stays."""
    connection.execute("SAVEPOINT apart")
    try:
        result, failure = change(connection), None
    except BaseException as error:
        if not connection.in_transaction:  # SQLite rolled back everybody's
            raise
        connection.execute("ROLLBACK TO apart")
        result, failure = None, error
    connection.execute("RELEASE apart")
    return result, failure
