"""Finds tables among the lines of a PDF page by the gaps between their words. Called by `pdf_layout`.

Nothing in a PDF says "table". Three lines or more whose parts stand below each other are taken for one,
unless they look like prose set in columns or like a numbered list.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

MIN_ROWS = 3
ALIGNED = 3.0  # points between the left edges of cells that begin a column together
WORDY = 25  # characters that every column has on average where prose is set in columns
ITEM_MARK = re.compile(r"[•▪◦‣·–—*-]|\(?[0-9]{1,3}[.)]?([0-9]+[.)]?)*|\(?[a-zA-Z][.)]")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Words without a wide gap between them; edges in points."""

    left: float
    right: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Line:
    height: float  # of its first character in points, 0 if unknown
    cells: tuple[Cell, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Table:
    rows: tuple[tuple[str, ...], ...]
    lefts: tuple[float, ...]  # of its columns

    def continues(self, before: "Table") -> bool:
        """Whether both have their columns at the same places."""
        return len(self.lefts) == len(before.lefts) and all(
            abs(here - there) < ALIGNED for here, there in zip(self.lefts, before.lefts, strict=True)
        )


def find_tables(lines: Sequence[Line], is_heading: Callable[[Line], bool]) -> list[Line | Table]:
    """The same lines in the same order, runs of them replaced by tables."""
    found: list[Line | Table] = []
    at = 0
    while at < len(lines):
        table = _Columns(lines[at].cells)
        end = at
        while end < len(lines) and not is_heading(lines[end]) and table.take(lines[end]):
            end += 1
        if table.is_table():
            found.append(table.finished())
            at = end
        else:
            found.append(lines[at])
            at += 1
    return found


class _Columns:
    """A table that grows line by line; the first line sets its columns."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._edges = [(cell.left, cell.right) for cell in cells]
        self._lefts = tuple(cell.left for cell in cells)
        self._rows: list[list[str]] = []

    def take(self, line: Line) -> bool:
        """Add the line as a row, or to the last row as the rest of a cell; False if it does not fit."""
        if len(self._edges) < 2:
            return False
        columns = [self._column_of(cell) for cell in line.cells]
        if None in columns or len(set(columns)) < len(columns):
            return False
        row = [""] * len(self._edges)
        for column, cell in zip(columns, line.cells, strict=True):
            assert column is not None
            row[column] = cell.text
            left, right = self._edges[column]
            self._edges[column] = min(left, cell.left), max(right, cell.right)
        if len(line.cells) > 1:
            self._rows.append(row)
            return True
        (column,) = columns
        if not self._rows or not column or abs(line.cells[0].left - self._lefts[column]) > ALIGNED:
            return False
        self._rows[-1][column] += " " + line.cells[0].text
        return True

    def is_table(self) -> bool:
        if len(self._rows) < MIN_ROWS:
            return False
        if len(self._edges) == 2 and all(ITEM_MARK.fullmatch(row[0]) for row in self._rows):
            return False
        return any(sum(map(len, column)) < WORDY * len(column) for column in zip(*self._rows, strict=True))

    def finished(self) -> Table:
        return Table(rows=tuple(map(tuple, self._rows)), lefts=self._lefts)

    def _column_of(self, cell: Cell) -> int | None:
        """The one column that the cell stands in; None if it is under several or none."""
        under = [
            column
            for column, (left, right) in enumerate(self._edges)
            if cell.left < right + 1 and cell.right > left - 1
        ]
        return under[0] if len(under) == 1 else None
