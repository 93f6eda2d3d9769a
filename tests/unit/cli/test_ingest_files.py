"""Which files `rag ingest` takes from the disk, and the names that they get."""

import os
from pathlib import Path

import pytest

from cli.bulk.failures import printable
from cli.bulk.files import Selection, find_files
from cli.errors import CommandError


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name in ("a.md", "b.pdf", "deep/c.md", "deep/er/d.pdf", ".hidden", ".git/config", "~$a.docx", "e.py"):
        file = tmp_path / "library" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
    return tmp_path / "library"


def names(selection: Selection) -> set[str]:
    return {file.name.removeprefix("shared/") for file in selection.files}


def test_folders_keep_their_paths_and_files_their_names(library: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.txt"
    alone.write_text("text")
    found = find_files([library, alone])
    assert names(found) == {"a.md", "b.pdf", "deep/c.md", "deep/er/d.pdf", "e.py", "alone.txt"}
    assert found.left_out == 3
    assert all(file.size == 4 for file in found.files)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*.md",), (), {"a.md", "deep/c.md"}),
        (("*.md", "*.pdf"), ("deep/er",), {"a.md", "b.pdf", "deep/c.md"}),
        ((), ("deep/",), {"a.md", "b.pdf", "e.py"}),
        (("deep/*",), (), {"deep/c.md", "deep/er/d.pdf"}),
        (("**/*.pdf",), (), {"b.pdf", "deep/er/d.pdf"}),
        ((), ("*",), set()),
    ],
)
def test_patterns_choose_among_names_and_paths(
    library: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: set[str]
) -> None:
    assert names(find_files([library], include=include, exclude=exclude)) == expected


@pytest.mark.parametrize(
    ("under", "name"),
    [
        ("shared", "shared/a.md"),
        ("shared/reports/2026/", "shared/reports/2026/a.md"),
        ("users/u1", "users/u1/a.md"),
        ("users/u1/shared", "users/u1/shared/a.md"),
        ("organisations/o1", "organisations/o1/a.md"),
        ("organisations/o1/plans", "organisations/o1/plans/a.md"),
    ],
)
def test_files_go_under_the_folder_that_was_named(library: Path, under: str, name: str) -> None:
    (file,) = find_files([library / "a.md"], under=under).files
    assert file.name == name


@pytest.mark.parametrize(
    "under",
    [
        "",
        "reports",
        "users",
        "users/",
        "organisations",
        "organisations/",
        "shared/../users/u1",
        "users/../x",
        "shared//x",
    ],
)
def test_a_folder_that_nobody_could_read_is_refused(library: Path, under: str) -> None:
    with pytest.raises(CommandError, match="--under takes shared"):
        find_files([library], under=under)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.md is not there"):
        find_files([tmp_path / "nowhere.md"])


def test_two_files_of_one_name_are_refused_and_one_file_named_twice_is_not(
    library: Path, tmp_path: Path
) -> None:
    assert len(find_files([library / "a.md", library, library / "a.md"]).files) == 5
    other = tmp_path / "other/a.md"
    other.parent.mkdir()
    other.write_text("other text")
    with pytest.raises(CommandError, match=r"would both become shared/a\.md"):
        find_files([library, other])


def test_links_to_files_are_followed_and_loops_and_dead_links_do_no_harm(
    library: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target.md"
    target.write_text("linked text")
    (library / "link.md").symlink_to(target)
    (library / "loop").symlink_to(library)
    (library / "itself.md").symlink_to(library / "itself.md")
    (library / "dead.md").symlink_to(tmp_path / "nowhere")
    found = find_files([library], include=("*.md",))
    assert names(found) == {"a.md", "deep/c.md", "link.md"}
    assert {Path(failure.name).name for failure in found.failures} == {"itself.md", "dead.md"}


def test_a_pipe_is_not_waited_for(library: Path) -> None:
    os.mkfifo(library / "pipe.md")
    assert "pipe.md" not in names(find_files([library]))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_without_rights_is_reported(library: Path) -> None:
    (library / "deep").chmod(0)
    try:
        found = find_files([library])
    finally:
        (library / "deep").chmod(0o700)
    assert names(found) == {"a.md", "b.pdf", "e.py"}
    assert [failure.reason for failure in found.failures] == ["it cannot be read: Permission denied"]


def test_names_that_no_document_can_have_are_reported(library: Path) -> None:
    (library / os.fsdecode(b"\xff.md")).write_text("text")
    (library / "back\\slash.md").write_text("text")
    (library / "esc\x1b[2J.md").write_text("text")
    found = find_files([library], include=("*.md",))
    assert names(found) == {"a.md", "deep/c.md"}
    assert len(found.failures) == 3
    assert all(printable(failure.name).isprintable() for failure in found.failures)


def test_names_are_composed_as_those_of_uploads(library: Path) -> None:
    (library / "u\u0308ber.md").write_text("text")
    assert "über.md" in names(find_files([library]))
