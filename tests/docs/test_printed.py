"""What tells pages that are true from others."""

from pathlib import Path

import pytest

from tests.docs.printed import blocks, is_as_printed, run


def page(folder: Path, *parts: tuple[str, str]) -> Path:
    file = folder / "page.md"
    file.write_text("# A page\n\n" + "\n".join(f"```{language}\n{text}\n```\n" for language, text in parts))
    return file


def run_alone(file: Path) -> None:
    run(file, folder=file.parent, environment={}, replaced={"PORT": "80"})


def test_the_blocks_of_a_page_are_found_with_their_language_and_place() -> None:
    found = blocks("a\n\n```sh\none\ntwo\n```\n\n1. item\n\n   ```text\n   three\n   ```\n")
    assert [(block.language, block.text, block.line) for block in found] == [
        ("sh", "one\ntwo\n", 3),
        ("text", "three\n", 10),
    ]


def test_one_shell_runs_them_all(tmp_path: Path) -> None:
    run_alone(page(tmp_path, ("sh", "A=3"), ("json", "{}"), ("sh", "echo $A PORT"), ("text", "3 80")))


def test_a_command_that_fails_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"page.md:7: oh no"):
        run_alone(page(tmp_path, ("sh", "true"), ("sh", "echo oh no >&2; false")))


def test_another_result_than_the_printed_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="says\n3 days"):
        run_alone(page(tmp_path, ("sh", "echo 4 days"), ("text", "3 days")))


def test_a_page_without_commands_is_none_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing to run"):
        run_alone(page(tmp_path, ("json", "{}")))


@pytest.mark.parametrize(
    ("said", "printed", "holds"),
    [
        ("It has 29 days. [1]\n\n[1] a.pdf, page 2", "…29 days…[1]…\n…a.pdf, page 2…", True),
        ("one\ntwo\nthree", "one\nthree", True),
        ("three\none", "one\nthree", False),
        ('{"a":"x.y"}', '{"a":"…"}', True),
        ("xay", "x.y", False),
        ("", "…29…", False),
    ],
)
def test_dots_are_anything_and_the_order_is_kept(said: str, printed: str, holds: bool) -> None:
    assert is_as_printed(said, printed) is holds
