"""Lists as people and programs read them: a table on a terminal, tab-separated lines in a pipe, or JSON.

Used by the commands that list something.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.bulk.failures import printable

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    title: str
    value: Callable[[Row], str | int | float]


def show(rows: Iterable[Row], *columns: Column, as_json: bool = False) -> None:
    """Nothing is printed of no rows but the empty list of JSON."""
    if as_json:
        print_json(list(rows))
        return
    console = Console(highlight=False)
    if console.is_terminal:
        _print_table(list(rows), columns, console)
        return
    for row in rows:  # as they come: there may be many
        typer.echo("\t".join(printable(str(column.value(row))) for column in columns))


def print_json(value: object) -> None:
    """What a terminal would act on is escaped as JSON has it."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    typer.echo(
        "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
    )


def _print_table(rows: list[Row], columns: tuple[Column, ...], console: Console) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = not isinstance(column.value(rows[0]), str)
        table.add_column(column.title, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_read_by_people(column.value(row))) for column in columns))
    console.print(table)


def _read_by_people(value: str | float) -> str:
    return printable(value) if isinstance(value, str) else f"{value:,}"
