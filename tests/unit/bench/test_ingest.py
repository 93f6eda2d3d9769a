"""What `bench.ingest` counts is counted whole: children's CPU time, each file once, every stage."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bench.ingest import stage_row
from bench.ingest_corpus import copy, cpu_seconds, find, in_parallel, resident_mib
from bench.ingest_parsing import once, row
from shared.domain import Document, DocumentStatus

SAMPLES = Path(__file__).parents[3] / "samples"
BURN = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_draw_of_a_folder_is_the_same_at_each_run_and_holds_no_file_twice(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.TXT").write_text("x")
    (tmp_path / "picture.svg").write_text("x")
    (tmp_path / "link.txt").symlink_to(tmp_path / "1.TXT")
    drawn = find([tmp_path, tmp_path / "0.TXT"], 20)
    assert sorted(path.name for path in drawn) == sorted(f"{number}.TXT" for number in range(20))
    assert find([tmp_path], 5) == find([tmp_path], 5)
    assert len(find([tmp_path], 5)) == 5


def test_files_of_one_name_become_documents_of_their_own(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.txt").write_text(folder)
    names = copy(find([tmp_path / "a", tmp_path / "b"], 9), tmp_path / "uploads/shared")
    texts = {(tmp_path / "uploads" / name).read_text() for name in names}
    assert (len(names), texts) == (2, {"a", "b"})


async def test_no_more_than_so_many_are_under_way_and_all_are_done() -> None:
    under_way: list[int] = []
    most: list[int] = []

    async def work(number: int) -> None:
        under_way.append(number)
        most.append(len(under_way))
        await asyncio.sleep(0)
        under_way.remove(number)

    await in_parallel((work(number) for number in range(10)), 3)
    assert (len(most), max(most)) == (10, 3)


def test_the_cpu_time_of_children_and_of_theirs_counts_once_they_have_ended() -> None:
    before = cpu_seconds()
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert cpu_seconds() - before >= 0.3


def test_memory_is_given_in_mib() -> None:
    assert 5 < resident_mib() < 5_000


def test_parsing_is_measured_with_its_children_and_counts_no_rejected_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing else")
    texts: list[Path] = []
    manual = SAMPLES / "ls-300-user-manual.pdf"
    figures = asyncio.run(once([manual, broken], 2, texts))
    assert texts == [manual]
    assert (figures.files, figures.pages > 1, figures.chunks > 1) == (1, True, True)
    assert figures.cpu > 2 * figures.parent_cpu > 0  # the server alone takes longer to start
    assert row("manual", figures).startswith(f"| manual | 1 | {figures.pages} | {figures.chunks} |")


@pytest.mark.parametrize("order", [1, -1])
def test_the_stages_of_all_documents_are_added_up(order: int) -> None:
    documents = [
        indexed(parse=10.0, chunk=0.0, embed=60.0, index=10.0, show=10.0, total=100.0),
        indexed(parse=300.0, total=300.0),  # nothing was embedded anew
    ]
    columns = "77.5% | 0.0% | 15.0% | 2.5% | 2.5% | 2.5%"
    assert stage_row("notes", documents[::order]) == f"| notes | {columns} | 200 |"


def indexed(**timings: float) -> Document:
    return Document(
        id="d",
        name="shared/d.txt",
        owner_id="u",
        readers=frozenset(),
        status=DocumentStatus.INDEXED,
        size=1,
        created_at=0.0,
        updated_at=0.0,
        timings=tuple(timings.items()),
    )
