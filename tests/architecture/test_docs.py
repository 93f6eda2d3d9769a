"""What the pages name is there: links, anchors, `make` targets, `rag` commands, kinds of diagrams."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_DIAGRAMS = ("flowchart", "sequenceDiagram", "stateDiagram-v2")


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    kept = (
        ROOT / name for name in listed if not name.startswith(("samples/", "evals/sample", "web/vendor/"))
    )
    return [page for page in kept if page.exists()]


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", page.read_text()))}


def broken_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (place and target.suffix == ".md" and place not in anchors(target)):
            yield link


def said_by_shell(script: str) -> str:
    """What is wrong with its syntax."""
    return subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False).stderr


def words_after(program: str, text: str) -> Iterator[list[str]]:
    """What follows the program's name wherever a shell would run it."""
    in_code = "\n".join([found for _, found in _FENCE.findall(text)] + re.findall(r"`([^`\n]+)`", text))
    started = rf"(?:^|[;&|(]\s*|\bbin/|\$ |\s)(?<![\w./-])(?<!-n ){program} ([^\n|;&)>#]+)"
    for found in re.finditer(started, in_code):
        yield found[1].split()


@cache
def commands() -> Any:
    return typer.main.get_command(app)


def unknown_commands(text: str) -> Iterator[str]:
    for words in words_after("rag", text):
        command = commands()
        for word in words:
            if not re.fullmatch(r"[a-z][a-z-]*", word) or not hasattr(command, "commands"):
                break
            if word not in command.commands:
                yield "rag " + " ".join(words)
                break
            command = command.commands[word]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_ours_is_there(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word for words in words_after("make", text) for word in words[:1] if re.fullmatch("[a-z-]+", word)
    }
    assert named - targets == set()
    assert list(unknown_commands(text)) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_one_to_a_shell(page: Path) -> None:
    for language, text in _FENCE.findall(page.read_text()):
        if language in ("sh", "bash"):
            assert said_by_shell(text) == "", text


def test_broken_links_and_unknown_commands_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b` c\n\n[here](#a-b-c) [gone](#d) [no](no.md) [web](https://example.com)\n")
    assert list(broken_links(page)) == ["#d", "no.md"]
    assert list(unknown_commands("`rag ask 'Why?'` and `rag index built`, the rag of old")) == [
        "rag index built"
    ]
    assert "unexpected" in said_by_shell("if true; do echo; done")
    assert list(words_after("make", "we make bread, `make up` and\n```sh\nmake test ENV=dev\n```\n")) == [
        ["test", "ENV=dev"],
        ["up"],
    ]


def test_diagrams_are_of_kinds_that_are_rendered() -> None:
    kinds = [
        found.split()[0]
        for page in pages()
        for language, found in _FENCE.findall(page.read_text())
        if language == "mermaid"
    ]
    assert len(kinds) >= 6
    assert set(kinds) <= set(_DIAGRAMS)
