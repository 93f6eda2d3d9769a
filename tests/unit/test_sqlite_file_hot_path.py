"""What makes the SQLite file quick enough for every question: shared commits, look-ups without threads."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.errors import BackendUnavailable
from shared.sqlite_file import SqliteFile

SCHEMA = "CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY) STRICT;"


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    file = SqliteFile(tmp_path / "items.db", SCHEMA, busy_timeout=0.1)
    yield file
    await file.close()


def add(name: str) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute("INSERT INTO items VALUES (?)", (name,)).rowcount


def names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM items ORDER BY name")]


async def hold_up(file: SqliteFile, go: threading.Event) -> asyncio.Task[bool]:
    """Keeps the writer busy until `go`, so that what is written next waits together."""
    started = threading.Event()

    def wait(_: sqlite3.Connection) -> bool:
        started.set()
        return go.wait(10)

    holding = asyncio.create_task(file.write(wait))
    await asyncio.to_thread(started.wait, 10)
    return holding


async def test_writes_that_wait_together_are_one_transaction(file: SqliteFile) -> None:
    def transaction(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO items SELECT 'item ' || count(*) FROM items")
        return connection.total_changes

    statements: list[str] = []
    await file.write(lambda connection: connection.set_trace_callback(statements.append))
    go = threading.Event()
    holding = await hold_up(file, go)
    waiting = [asyncio.create_task(file.write(transaction)) for _ in range(10)]
    await asyncio.sleep(0)
    go.set()
    assert await holding
    changes = await asyncio.gather(*waiting)
    assert changes == list(range(changes[0], changes[0] + 10))
    assert statements.count("COMMIT") == 3  # the trace's own, the one that held them up, and all ten
    assert await file.read(names) == sorted(f"item {number}" for number in range(10))


async def test_of_writes_in_one_transaction_only_those_that_fail_are_undone(file: SqliteFile) -> None:
    def add_then_fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO items VALUES ('half')")
        raise LookupError

    go = threading.Event()
    holding = await hold_up(file, go)
    changes: list[Callable[[sqlite3.Connection], object]] = [add("a"), add_then_fail, add("a"), add("b")]
    waiting = [asyncio.create_task(file.write(change)) for change in changes]
    await asyncio.sleep(0)
    go.set()
    assert await holding
    first, failed, doubled, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert (first, last) == (1, 1)
    assert isinstance(failed, LookupError)
    assert isinstance(doubled, sqlite3.IntegrityError)
    assert await file.read(names) == ["a", "b"]


async def test_a_look_up_sees_what_was_written_before_it(file: SqliteFile) -> None:
    for name in "abc":
        await file.write(add(name))
        assert name in await file.look_up(names)


async def test_a_look_up_while_another_process_locks_the_file_waits_off_the_loop(
    file: SqliteFile, tmp_path: Path
) -> None:
    await file.write(add("a"))
    assert await file.look_up(names) == ["a"]
    threads: list[str] = []

    def refused_at_first(connection: sqlite3.Connection) -> list[str]:
        threads.append(threading.current_thread().name)
        if len(threads) == 1:
            raise sqlite3.OperationalError("database is locked")
        return names(connection)

    assert await file.look_up(refused_at_first) == ["a"]
    assert threads[0] == threading.current_thread().name
    assert threads[1].startswith("items-read")


async def test_look_ups_leave_the_event_loop_while_the_disk_is_slow(file: SqliteFile) -> None:
    def thread(connection: sqlite3.Connection) -> str:
        return threading.current_thread().name

    def slow(connection: sqlite3.Connection) -> None:
        threading.Event().wait(0.05)

    here = threading.current_thread().name
    assert await file.look_up(thread) == here
    await file.look_up(slow)
    assert (await file.look_up(thread)).startswith("items-read")


async def test_a_look_up_in_a_closed_file_says_so(file: SqliteFile) -> None:
    await file.look_up(names)
    await file.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        await file.look_up(names)
