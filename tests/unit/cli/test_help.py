"""Every command: its help has examples that can be typed, and docs/cli.md knows it and the exit codes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli import errors
from cli.commands import PROMPT
from cli.main import app

ROOT: Any = typer.main.get_command(app)
PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(command: Any = ROOT, name: str = "rag") -> Iterator[tuple[str, Any]]:
    yield name, command
    for inner, each in getattr(command, "commands", {}).items():
        yield from commands(each, f"{name} {inner}")


def parse(command: Any, name: str, arguments: list[str]) -> str:
    """The command that would run. Errors: those of typer."""
    context = command.make_context(name, list(arguments))
    typed = [*context._protected_args, *context.args]
    if not hasattr(command, "commands") or not typed:
        return name
    inner, found, rest = command.resolve_command(context, typed)
    return parse(found, f"{name} {inner}", rest)


def examples(command: Any) -> list[str]:
    lines = (command.epilog or "").splitlines()
    return [line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT)]


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_the_help_of_a_command_has_examples_that_can_be_typed(name: str, command: Any) -> None:
    assert examples(command)
    for example in examples(command):
        assert len(example) < 74, "is broken on a narrow terminal"
        typed = example.rpartition(" | ")[2].partition(" > ")[0].partition(" < ")[0]
        first, *arguments = shlex.split(typed)
        assert first == "rag"
        assert parse(ROOT, "rag", arguments).startswith(name)


def test_an_example_that_nobody_can_type_would_be_found() -> None:
    with pytest.raises(typer.exceptions.TyperException):
        parse(ROOT, "rag", ["ask", "Why?", "--no-such-option"])


def test_the_page_has_every_command_and_no_other() -> None:
    there = {name for name, command in commands() if not hasattr(command, "commands")} | {"rag documents"}
    assert set(re.findall(r"^\| `(rag [\w -]+)` \|", PAGE, re.MULTILINE)) == there


def test_the_page_has_every_exit_code() -> None:
    kinds = (errors.CommandError, errors.WrongUseError, errors.NotSignedInError, errors.UnreachableError)
    codes = {0, errors.INTERRUPTED} | {kind.exit_code for kind in kinds}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes
    assert set(errors.CommandError.__subclasses__()) == set(kinds[1:])
