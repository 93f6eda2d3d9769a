"""A hostile file costs one document: the pool kills what misbehaves and goes on."""

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.errors import BackendUnavailable, DocumentRejected
from shared.ingest.parse.limits import MIB, ParseLimits
from shared.ingest.parse.pool import ParserPool

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "samples"
HERE = Path(__file__).parent
LIMITS = ParseLimits(memory_bytes=512 * MIB, cpu_seconds=1, wall_seconds=60.0, max_text_chars=100_000)


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParserPool]:
    monkeypatch.syspath_prepend(str(HERE))
    pool = ParserPool(workers=2, limits=LIMITS, entry="hostile_parsers:misbehave")
    yield pool
    await pool.close()


@pytest.fixture
async def impatient_pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParserPool]:
    monkeypatch.syspath_prepend(str(HERE))
    limits = ParseLimits(wall_seconds=1.0)
    pool = ParserPool(workers=2, limits=limits, entry="hostile_parsers:misbehave")
    yield pool
    await pool.close()


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


def descendants_of(pid: int) -> list[int]:
    return [each for child in children_of(pid) for each in (child, *descendants_of(child))]


async def server_of(pool: ParserPool) -> int:
    return int((await pool.parse(Path("a"), "fine")).pages[0].text)


async def start(pool: ParserPool, how: str, *, processes: int) -> tuple[asyncio.Task[object], list[int]]:
    """A parse that does not end by itself, and the processes that it runs."""
    server = await server_of(pool)
    await eventually(lambda: children_of(server) == [])
    task: asyncio.Task[object] = asyncio.create_task(pool.parse(Path("a"), how))
    await eventually(lambda: len(descendants_of(server)) == processes)
    return task, descendants_of(server)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("loop", "took longer than 1 s"),
        ("hog", "needs more memory"),
        ("abort", "crashed the parser"),
        ("vanish", "crashed the parser"),
        ("raise", "could not be read"),
        ("reject", "^not this one$"),
        ("flood", "more text than can be indexed"),
    ],
)
async def test_a_misbehaving_parser_costs_its_document_alone(
    pool: ParserPool, tmp_path: Path, behaviour: str, reason: str
) -> None:
    bad, good = await asyncio.gather(
        pool.parse(tmp_path / "a", behaviour), pool.parse(tmp_path / "b", "fine"), return_exceptions=True
    )
    assert isinstance(bad, DocumentRejected)
    with pytest.raises(DocumentRejected, match=reason):
        raise bad
    assert not isinstance(good, BaseException)
    server = int(good.pages[0].text)
    await eventually(lambda: children_of(server) == [])


async def test_a_parser_that_sleeps_is_killed_at_the_wall_limit(impatient_pool: ParserPool) -> None:
    task, pids = await start(impatient_pool, "family", processes=2)
    with pytest.raises(DocumentRejected, match="took longer than 1 s"):
        await task
    await eventually(lambda: not any(map(is_running, pids)))


async def test_cancelling_kills_the_parser_and_its_children(pool: ParserPool) -> None:
    task, pids = await start(pool, "family", processes=2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not any(map(is_running, pids)))


async def test_what_a_parser_leaves_behind_is_killed_and_reaped(pool: ParserPool) -> None:
    server = await server_of(pool)
    await pool.parse(Path("a"), "orphan")
    await eventually(lambda: children_of(server) == [])
    assert await server_of(pool) == server


async def test_closing_the_pool_ends_the_server_and_what_it_runs(pool: ParserPool) -> None:
    server = await server_of(pool)
    task, pids = await start(pool, "sleep", processes=1)
    await pool.close()
    with pytest.raises((DocumentRejected, BackendUnavailable)):
        await task
    assert not any(map(is_running, [*pids, server]))


async def test_a_dead_server_is_a_passing_failure_and_is_replaced(pool: ParserPool) -> None:
    server = await server_of(pool)
    task, pids = await start(pool, "sleep", processes=1)
    os.kill(server, 9)
    with pytest.raises(BackendUnavailable):
        await task
    await eventually(lambda: not any(map(is_running, pids)))
    assert await server_of(pool) != server


async def test_no_more_children_run_than_there_are_workers(pool: ParserPool) -> None:
    server = await server_of(pool)
    await eventually(lambda: children_of(server) == [])
    tasks = [asyncio.create_task(pool.parse(Path("a"), "sleep")) for _ in range(4)]
    await eventually(lambda: len(children_of(server)) == 2)
    tasks.pop(0).cancel()
    first, *_ = children_of(server)
    await eventually(lambda: not is_running(first) or len(children_of(server)) == 2)
    assert len(children_of(server)) <= 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_no_descriptor_is_left_open(pool: ParserPool, tmp_path: Path) -> None:
    await pool.parse(tmp_path / "a", "fine")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for behaviour in ("fine", "raise", "abort", "flood", "reject"):
        await asyncio.gather(pool.parse(tmp_path / "a", behaviour), return_exceptions=True)
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_killed_host_leaves_no_server_behind() -> None:
    script = f"""
import asyncio, sys
sys.path[:0] = [{str(HERE)!r}]
from pathlib import Path
from shared.ingest.parse.pool import *
pool = ParserPool(workers=1, limits=ParseLimits(), entry="hostile_parsers:misbehave")
async def main():
    print((await pool.parse(Path("a"), "fine")).pages[0].text, flush=True)
    await pool.parse(Path("a"), "sleep")
asyncio.run(main())
"""
    host = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    server = int(host.stdout.readline())
    await eventually(lambda: children_of(server) != [])
    host.kill()
    host.wait()
    host.stdout.close()
    await eventually(lambda: not is_running(server))


def test_the_host_never_imports_a_parser_library_and_exits_silently() -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from shared.ingest.parse.pool import ParserPool
from shared.ingest.parse.limits import ParseLimits
if __name__ != "__main__":
    raise SystemExit("the host's main module was imported again")
async def main():
    pool = ParserPool(workers=1, limits=ParseLimits())
    print((await pool.parse(Path({str(SAMPLES / "faq.html")!r}), "faq.html")).title)
    await pool.close()
asyncio.run(main())
libraries = ("kreuzberg", "pypdfium2", "pptx", "docx", "lxml", "python_calamine", "charset_normalizer")
print([name for name in libraries if name in sys.modules])
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.splitlines() == ["Frequently asked questions – Larkspur Instruments", "[]"]
    assert run.stderr == ""
