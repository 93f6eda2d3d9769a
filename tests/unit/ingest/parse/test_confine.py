"""What a parser's process may not do, tried in one; where the kernel offers no Landlock, half is skipped."""

import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.ingest.parse.confine import SCOPES, landlock_version
from shared.ingest.parse.limits import MIB, ParseLimits
from shared.ingest.parse.pool import ParserPool

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
SAMPLES = ROOT / "samples"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)


def works(measure: str) -> bool:
    """Whether the kernel takes this away, tried in a process of its own."""
    script = f"from shared.ingest.parse.confine import *; no_new_privileges(); print({measure}())"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip() == "True"


needs_seccomp = pytest.mark.skipif(not works("refuse_calls"), reason="no seccomp here")
needs_landlock = pytest.mark.skipif(not works("refuse_writing"), reason="no Landlock here")


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParserPool]:
    monkeypatch.setenv("RAG_TEST_SECRET", "hush")
    monkeypatch.syspath_prepend(str(HERE))
    pool = ParserPool(workers=2, limits=ParseLimits(), entry="hostile_parsers:misbehave")
    yield pool
    await pool.close()


async def attempt(pool: ParserPool, what: str, path: Path = Path("a")) -> str:
    return (await pool.parse(path, what)).pages[0].text


@needs_seccomp
@pytest.mark.parametrize("what", ["connect", "socket", "leave-session", "leave-group"])
async def test_a_parser_opens_no_socket_and_stays_in_its_group(pool: ParserPool, what: str) -> None:
    assert await attempt(pool, what) == "PermissionError"


@needs_landlock
@pytest.mark.parametrize("what", ["write", "delete"])
async def test_a_parser_changes_no_file(pool: ParserPool, tmp_path: Path, what: str) -> None:
    path = tmp_path / "document"
    path.write_text("theirs")
    assert await attempt(pool, what, path) == "PermissionError"
    assert path.read_text() == "theirs"


@needs_landlock
async def test_a_parser_does_not_see_what_the_host_knows(pool: ParserPool) -> None:
    assert await attempt(pool, f"spy {os.getpid()}") == "PermissionError"


@pytest.mark.skipif(landlock_version() < min(SCOPES), reason="no Landlock here that knows signals")
async def test_a_parser_signals_no_process_but_its_own(pool: ParserPool) -> None:
    assert await attempt(pool, f"signal {os.getpid()}") == "PermissionError"


async def test_a_parser_has_no_descriptors_and_no_secrets(pool: ParserPool) -> None:
    assert "RAG_TEST_SECRET" not in await attempt(pool, "environment")
    assert await attempt(pool, "descriptors") == "0 1 2 3 4"  # 4 is the directory that is being listed


async def test_a_parser_may_run_a_program(pool: ParserPool) -> None:
    assert await attempt(pool, "program") == "done"


async def test_the_libraries_leave_a_parse_most_of_its_memory(tmp_path: Path) -> None:
    """Threads of a library reserve much more than they use, the more the more cores there are."""
    page = tmp_path / "page"
    page.write_text("<html><body><p>The pump runs for nine hours.</p></body></html>")
    pool = ParserPool(workers=1, limits=ParseLimits(memory_bytes=256 * MIB))
    try:
        assert "nine hours" in (await pool.parse(page, "page.html")).pages[0].text
    finally:
        await pool.close()


@pytest.mark.slow
async def test_a_workbook_of_four_million_cells_fits_into_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "large"
    row = "<row>" + '<c t="inlineStr"><is><t>The pump runs for nine hours</t></is></c>' * 20 + "</row>"
    with zipfile.ZipFile(SAMPLES / "calibration-schedule.xlsx") as sample:
        sheet, *_ = (name for name in sample.namelist() if name.startswith("xl/worksheets/"))
        kept = [(name, sample.read(name)) for name in sample.namelist() if name != sheet]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as workbook:
        for name, content in kept:
            workbook.writestr(name, content)
        workbook.writestr(sheet, SHEET.format(row * 200_000))
    pool = ParserPool(workers=1, limits=ParseLimits(wall_seconds=100.0))  # the machine may be busy
    try:
        assert "nine hours" in (await pool.parse(path, "large.xlsx")).pages[0].text
    finally:
        await pool.close()
