"""What the derived structures of the embedded search index read from its record to catch up.

`embedded_columns` and `embedded_text_writer` call it, each inside a transaction, with the position that
they have and the one that they want.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from shared.search_indexes.embedded_records import Position

ColumnRow = tuple[int, int, int, float, bytes]  # row, document, reader set, scale, code


class Change(NamedTuple):
    """A removed row or, where `row` is None, a document with another reader set."""

    row: int | None
    document: int
    reader_set: int


class TextRound(NamedTuple):
    """What a text index must take in to stand at `position`."""

    removed_rows: list[int]
    added: list[tuple[int, int, str]]  # row, document, text
    position: Position


def read_columns(
    connection: sqlite3.Connection, start: Position, end: Position, *, batch: int = 10_000
) -> Iterator[list[ColumnRow]]:
    """The live rows between the positions, ascending."""
    found = connection.execute(
        "SELECT row, document, reader_set, scale, code FROM chunks WHERE row > ? AND row <= ? ORDER BY row",
        (start.row, end.row),
    )
    while rows := found.fetchmany(batch):
        yield rows


def read_changes(connection: sqlite3.Connection, start: Position, end: Position) -> list[Change]:
    found = connection.execute(
        "SELECT row, coalesce(document, 0), coalesce(reader_set, 0) FROM changes"
        " WHERE number > ? AND number <= ? ORDER BY number",
        (start.change, end.change),
    )
    return [Change(*values) for values in found]


def read_reader_sets(connection: sqlite3.Connection, after: int) -> list[tuple[int, str]]:
    """(number, JSON array of readers), ascending."""
    return connection.execute(
        "SELECT number, readers FROM reader_sets WHERE number > ? ORDER BY number", (after,)
    ).fetchall()


def read_text_round(
    connection: sqlite3.Connection, start: Position, end: Position, *, most: int
) -> TextRound:
    """At most `most` chunks on the way from `start` to `end`."""
    found = connection.execute(
        "SELECT c.row, c.document, p.title, p.heading, p.content"
        " FROM chunks c JOIN passages p ON p.row = c.row"
        " WHERE c.row > ? AND c.row <= ? ORDER BY c.row LIMIT ?",
        (start.row, end.row, most),
    ).fetchall()
    added = [(row, document, "\n".join(parts)) for row, document, *parts in found]
    reached = end.row if len(added) < most else added[-1][0]
    removed = connection.execute(
        "SELECT row FROM changes WHERE number > ? AND number <= ? AND row <= ?",
        (start.change, end.change, start.row),
    )
    return TextRound([row for (row,) in removed], added, Position(reached, end.change))
