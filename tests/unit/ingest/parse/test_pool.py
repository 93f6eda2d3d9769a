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


async def start_sleeper(pool: ParserPool, path: Path, how: str) -> tuple[asyncio.Task[object], list[int]]:
    task: asyncio.Task[object] = asyncio.create_task(pool.parse(path, how))
    noted = path.with_suffix(".pid")
    await eventually(lambda: noted.exists() and noted.read_text() != "")
    return task, [int(pid) for pid in noted.read_text().split()]


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


async def test_a_parser_that_sleeps_is_killed_at_the_wall_limit(
    impatient_pool: ParserPool, tmp_path: Path
) -> None:
    with pytest.raises(DocumentRejected, match="took longer than 1 s"):
        await impatient_pool.parse(tmp_path / "a", "sleep")
    assert not is_running(int((tmp_path / "a.pid").read_text()))


async def test_cancelling_kills_the_parser_and_its_children(pool: ParserPool, tmp_path: Path) -> None:
    task, pids = await start_sleeper(pool, tmp_path / "a", "family")
    assert len(pids) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not any(map(is_running, pids)))


async def test_closing_the_pool_ends_the_server_and_what_it_runs(pool: ParserPool, tmp_path: Path) -> None:
    server = int((await pool.parse(tmp_path / "b", "fine")).pages[0].text)
    task, pids = await start_sleeper(pool, tmp_path / "a", "sleep")
    await pool.close()
    with pytest.raises((DocumentRejected, BackendUnavailable)):
        await task
    assert not any(map(is_running, [*pids, server]))


async def test_a_dead_server_is_a_passing_failure_and_is_replaced(pool: ParserPool, tmp_path: Path) -> None:
    server = int((await pool.parse(tmp_path / "b", "fine")).pages[0].text)
    task, pids = await start_sleeper(pool, tmp_path / "a", "sleep")
    os.kill(server, 9)
    with pytest.raises(BackendUnavailable):
        await task
    await eventually(lambda: not any(map(is_running, pids)))
    assert (await pool.parse(tmp_path / "b", "fine")).pages[0].text != str(server)


async def test_no_more_children_run_than_there_are_workers(pool: ParserPool, tmp_path: Path) -> None:
    tasks = [asyncio.create_task(pool.parse(tmp_path / str(number), "sleep")) for number in range(4)]
    await eventually(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    first = list(tmp_path.glob("*.pid"))
    server = int(Path(f"/proc/{first[0].read_text()}/stat").read_text().rpartition(")")[2].split()[1])
    assert len(children_of(server)) == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_child_sees_no_network_no_foreign_descriptors_and_no_secrets(
    pool: ParserPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_TEST_SECRET", "hush")
    environment = (await pool.parse(tmp_path / "a", "environment")).pages[0].text
    assert "RAG_TEST_SECRET" not in environment
    descriptors = (await pool.parse(tmp_path / "a", "descriptors")).pages[0].text
    assert descriptors == "0 1 2 3 4"  # 4 is the directory that is being listed
    network = (await pool.parse(tmp_path / "a", "network")).pages[0].text
    if network != "OSError101":  # ENETUNREACH: an interface-less namespace; kept where the kernel refuses one
        assert network == "ConnectionRefusedError111"


async def test_no_descriptor_is_left_open(pool: ParserPool, tmp_path: Path) -> None:
    await pool.parse(tmp_path / "a", "fine")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for behaviour in ("fine", "raise", "abort", "flood", "reject"):
        await asyncio.gather(pool.parse(tmp_path / "a", behaviour), return_exceptions=True)
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_killed_host_leaves_no_server_behind(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
sys.path[:0] = [{str(HERE)!r}]
from pathlib import Path
from shared.ingest.parse.pool import *
pool = ParserPool(workers=1, limits=ParseLimits(), entry="hostile_parsers:misbehave")
async def main():
    print((await pool.parse(Path("a"), "fine")).pages[0].text, flush=True)
    await pool.parse(Path({str(tmp_path / "a")!r}), "sleep")
asyncio.run(main())
"""
    host = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    server = int(host.stdout.readline())
    await eventually((tmp_path / "a.pid").exists)
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
