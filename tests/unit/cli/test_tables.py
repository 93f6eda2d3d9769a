"""Lists on a terminal, in a pipe and as JSON."""

import json
from typing import Any

import pytest
from rich.console import Console

from cli import tables
from cli.tables import Column, show

ROWS: list[dict[str, Any]] = [
    {"name": "a.md", "size": 1200},
    {"name": "[red]b\x1b[2J\u202e\t.md", "size": 3},
]
COLUMNS = (
    Column(title="name", value=lambda row: str(row["name"])),
    Column(title="size", value=lambda row: int(row["size"])),
)


def test_a_pipe_gets_columns_between_tabs_and_no_name_that_breaks_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(ROWS, *COLUMNS)
    assert capsys.readouterr().out == "a.md\t1200\n[red]b\\x1b[2J\\u202e\\t.md\t3\n"


def test_json_is_what_was_told_and_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, *COLUMNS, as_json=True)
    said = capsys.readouterr().out
    assert json.loads(said) == ROWS
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize("has_colour", [True, False])
def test_a_terminal_gets_a_table_with_a_header_and_no_colour_where_none_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, has_colour: bool
) -> None:
    def console(**given: Any) -> Console:
        return Console(
            force_terminal=True, width=60, no_color=not has_colour, color_system="standard", **given
        )

    monkeypatch.setattr(tables, "Console", console)
    show(ROWS, *COLUMNS)
    header, first, second = capsys.readouterr().out.splitlines()
    assert "name" in header
    assert first.split() == ["a.md", "1,200"]
    assert "[red]b\\x1b[2J" in second


@pytest.mark.parametrize(("as_json", "said"), [(True, "[]\n"), (False, "")])
def test_no_rows_are_nothing(as_json: bool, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    show([], *COLUMNS, as_json=as_json)
    assert capsys.readouterr().out == said
