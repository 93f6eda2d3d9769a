"""What became of files that did not make it, and how a person is told. Used by everything in this package."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, kw_only=True)
class Failure:
    name: str  # a document's, or a path
    reason: str
    may_pass: bool = False  # a service was away


def print_failures(failures: Sequence[Failure], console: Console) -> None:
    """By name: a table on a terminal, a line each in a pipe, where none is cut off."""
    by_name = sorted(failures, key=lambda failure: failure.name)
    if not console.is_terminal:
        for failure in by_name:
            console.print(f"failed: {printable(failure.name)}: {printable(failure.reason)}", markup=False)
        return
    table = Table("file", "why it failed")
    for failure in by_name:
        table.add_row(Text(printable(failure.name), overflow="fold"), Text(printable(failure.reason)))
    console.print(table, soft_wrap=False)


def printable(text: str) -> str:
    """Without what a terminal would act on and what no encoding can write: file names are other people's."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
