"""`rag ingest` of a big folder that is killed or interrupted: the same command goes on and loses nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from tests.real_host import RealHost

pytestmark = pytest.mark.slow

FILES = 1_000
_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0  # seconds


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for number in range(FILES):
        file = tmp_path / f"library/{number // 100:02}/{number:04}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Tree number {number} stands beside the pond.")
    return tmp_path / "library"


@contextmanager
def rag_ingest(*arguments: object, data: Path) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli.main", "ingest", "--data", str(data), *map(str, arguments)],
        cwd=_ROOT,
        env=kept | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def uploads(data: Path) -> dict[str, os.stat_result]:
    shared = data / "uploads/shared"
    return {file.relative_to(shared).as_posix(): file.stat() for file in shared.rglob("*.txt")}


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited {_PATIENCE:g} s in vain"
        time.sleep(0.01)


def halted_midway(process: subprocess.Popen[str], data: Path) -> bool:
    """Whether some files have arrived; then it stands still, as it does while anybody looks.

    Otherwise it would be done before they have.
    """
    process.send_signal(signal.SIGSTOP)
    has_begun = any(islice((data / "uploads/shared").rglob("*.txt"), 19, None))
    if not has_begun:
        process.send_signal(signal.SIGCONT)
    return has_begun


def stop_midway(library: Path, data: Path, number: signal.Signals) -> tuple[int, str]:
    """Exit code and standard error of an upload that got the signal when some files had arrived.

    One that was done before the signal reached it is begun anew.
    """
    while True:
        with rag_ingest(library, "--no-wait", data=data) as process:
            wait_until(lambda: halted_midway(process, data))
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            _, said = process.communicate(timeout=_PATIENCE)
        if process.returncode != 0 and len(uploads(data)) < FILES:
            return process.returncode, said
        shutil.rmtree(data)


def finish(library: Path, data: Path) -> str:
    with rag_ingest(library, "--no-wait", data=data) as process:
        told, said = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, said
    return told


def test_a_killed_upload_goes_on_where_it_was(library: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    code, _ = stop_midway(library, data, signal.SIGKILL)
    assert code == -signal.SIGKILL
    before = uploads(data)
    assert all(found.st_size == (library / name).stat().st_size for name, found in before.items())

    told = finish(library, data)
    assert told == f"{FILES - len(before):,} new, {len(before):,} uploaded\n"
    after = uploads(data)
    assert len(after) == FILES
    assert {name: after[name].st_mtime_ns for name in before} == {n: s.st_mtime_ns for n, s in before.items()}
    name = f"{FILES // 200:02}/{FILES // 2:04}.txt"
    assert (data / "uploads/shared" / name).read_text() == (library / name).read_text()
    assert finish(library, data) == f"{FILES:,} uploaded\n"


@pytest.mark.timeout(300)  # it may have to begin anew
def test_ctrl_c_says_how_to_go_on(library: Path, tmp_path: Path) -> None:
    code, said = stop_midway(library, tmp_path / "data", signal.SIGINT)
    assert code == 130
    assert said == "rag: stopped; run the same command again to go on\n"
    finish(library, tmp_path / "data")
    assert len(uploads(tmp_path / "data")) == FILES


def test_failures_are_listed_at_the_end_and_set_the_exit_code(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "good.txt").write_text("text")
    (library / "dead.txt").symlink_to("nowhere")
    with rag_ingest(library, "--no-wait", data=tmp_path / "data") as process:
        told, said = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    assert told.splitlines()[-1].endswith("dead.txt: it is a link that leads nowhere")
    assert said == "rag: 1 file failed\n"
    assert set(uploads(tmp_path / "data")) == {"good.txt"}


def test_a_dry_run_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The alder stands beside the pond.")
    data = tmp_path / "data"
    with rag_ingest(tmp_path / "note.txt", "--dry-run", data=data) as process:
        told, said = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, said
    assert told.splitlines()[1].startswith("to ingest: 1 file, 33 bytes, 1 page, 1 chunk, at most ")
    assert not data.exists()


@pytest.mark.embedder
@pytest.mark.timeout(300)
def test_a_command_killed_while_a_host_ingests_ends_with_everything_indexed_once(
    new_host: Callable[..., RealHost], tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(60):
        (library / f"{number:02}.txt").write_text(f"Tree number {number} stands beside the pond.")
    (library / "empty.txt").touch()
    host = new_host().start()
    with rag_ingest(library, data=host.data) as process:
        assert process.stdout is not None
        wait_until(lambda: ": indexed, " in process.stdout.readline())
        process.kill()
    with rag_ingest(library, data=host.data) as process:
        told, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (1, "rag: 1 file failed\n")
    assert told.splitlines()[-1] == "failed: shared/empty.txt: the file is empty"
    with rag_ingest(library, data=host.data) as process:
        assert process.communicate(timeout=60)[0].startswith("60 indexed, 1 failed\n")
