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
    assert await asyncio.gather(*waiting) == list(range(1, 11))
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
