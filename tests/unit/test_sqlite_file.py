"""What every embedded store relies on: one file, many threads, tasks and processes."""

import asyncio
import multiprocessing
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from shared.errors import BackendUnavailable, ConfigError, InvalidRequest
from shared.sqlite_file import DamagedFile, SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY) STRICT;
CREATE INDEX IF NOT EXISTS items_by_name ON items (name);
"""


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    file = SqliteFile(tmp_path / "deep" / "items.db", SCHEMA, busy_timeout=0.1)
    yield file
    await file.close()


def add(name: str) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute("INSERT INTO items VALUES (?)", (name,)).rowcount


def names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM items ORDER BY name")]


async def test_what_is_written_is_read_and_the_folder_is_made(file: SqliteFile) -> None:
    assert await file.write(add("a")) == 1
    assert await file.read(names) == ["a"]


async def test_an_exception_undoes_the_whole_transaction(file: SqliteFile) -> None:
    def two_then_fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO items VALUES ('a')")
        connection.execute("INSERT INTO items VALUES ('b')")
        raise LookupError

    with pytest.raises(LookupError):
        await file.write(two_then_fail)
    assert await file.read(names) == []
    assert await file.write(add("c")) == 1


async def test_a_read_of_several_statements_sees_one_state(file: SqliteFile) -> None:
    await file.write(add("a"))
    read_once, written = threading.Event(), threading.Event()

    def twice(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
        first = names(connection)
        read_once.set()
        assert written.wait(10)
        return first, names(connection)

    reading = asyncio.create_task(file.read(twice))
    await asyncio.to_thread(read_once.wait, 10)
    await file.write(add("b"))
    written.set()
    assert await reading == (["a"], ["a"])


async def test_a_cancelled_writer_leaves_a_whole_transaction_and_a_usable_file(file: SqliteFile) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO items VALUES ('a')")
        started.set()
        assert go.wait(10)
        connection.execute("INSERT INTO items VALUES ('b')")

    running = asyncio.create_task(file.write(slow))
    await asyncio.to_thread(started.wait, 10)
    queued = asyncio.create_task(file.write(add("never")))
    await asyncio.sleep(0)
    for task in (running, queued):
        task.cancel()
    go.set()
    await asyncio.gather(running, queued, return_exceptions=True)
    await file.write(add("c"))
    assert await file.read(names) == ["a", "b", "c"]


async def test_close_waits_for_running_work_and_later_calls_say_closed(file: SqliteFile) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> str:
        started.set()
        assert go.wait(10)
        return "done"

    running = asyncio.create_task(file.write(slow))
    await asyncio.to_thread(started.wait, 10)
    closing = asyncio.create_task(file.close())
    await asyncio.sleep(0)
    with pytest.raises(BackendUnavailable, match="closed"):
        await file.read(names)
    go.set()
    await closing
    assert await running == "done"
    await file.close()


async def test_a_file_locked_too_long_is_unavailable_and_readable_all_the_while(
    file: SqliteFile, tmp_path: Path
) -> None:
    await file.write(add("a"))
    other = sqlite3.connect(tmp_path / "deep" / "items.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BackendUnavailable, match=r"items\.db.*locked"):
        await file.write(add("b"))
    assert await file.read(names) == ["a"]
    other.execute("ROLLBACK")
    other.close()
    await file.write(add("b"))


async def test_a_damaged_file_is_named_and_leaves_no_open_connection(tmp_path: Path) -> None:
    path = tmp_path / "items.db"
    path.write_bytes(b"no database at all" * 1000)
    file = SqliteFile(path, SCHEMA)
    with pytest.raises(DamagedFile, match=r"items\.db"):
        await file.read(names)
    await file.close()


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = SqliteFile(tmp_path / "file" / "items.db", SCHEMA)
    with pytest.raises(BackendUnavailable):
        await file.read(names)
    await file.close()


async def test_a_file_of_a_newer_release_stops_with_its_version(tmp_path: Path) -> None:
    newer = SqliteFile(tmp_path / "items.db", SCHEMA, version=3)
    await newer.write(add("a"))
    await newer.close()
    older = SqliteFile(tmp_path / "items.db", SCHEMA, version=2)
    with pytest.raises(ConfigError, match="format 3"):
        await older.read(names)
    await older.close()


async def test_a_higher_version_brings_the_new_schema_to_an_old_file(tmp_path: Path) -> None:
    old = SqliteFile(tmp_path / "items.db", SCHEMA)
    await old.write(add("a"))
    await old.close()
    new = SqliteFile(tmp_path / "items.db", SCHEMA + "CREATE TABLE IF NOT EXISTS more (x)", version=2)
    assert await new.read(lambda c: c.execute("SELECT COUNT(*) FROM more").fetchone()) == (0,)
    assert await new.read(names) == ["a"]
    await new.close()


async def test_text_that_is_no_unicode_is_the_callers_fault(file: SqliteFile) -> None:
    with pytest.raises(InvalidRequest):
        await file.write(add("\ud800"))


async def test_a_mistake_in_the_statement_is_not_hidden_as_an_outage(file: SqliteFile) -> None:
    await file.write(add("a"))
    with pytest.raises(sqlite3.IntegrityError):
        await file.write(add("a"))


FILES = 40  # one collision in some sixty openings failed before the folder was locked


def open_and_add(folder: Path, start: Barrier, name: str) -> None:
    async def run() -> None:
        for number in range(FILES):
            file = SqliteFile(folder / f"{number}.db", SCHEMA, durable=False)
            start.wait(30)
            await file.write(add(name))
            await file.close()

    asyncio.run(run())


async def test_processes_may_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(4)
    processes = [
        context.Process(target=open_and_add, args=(tmp_path, start, str(number))) for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0] * 4
    for number in range(FILES):
        file = SqliteFile(tmp_path / f"{number}.db", SCHEMA)
        assert sorted(await file.read(names)) == ["0", "1", "2", "3"]
        await file.close()
