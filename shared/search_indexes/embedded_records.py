"""The durable record of the embedded search index: the SQL behind `EmbeddedSearchIndex`.

Each function runs inside one transaction of the caller. A chunk's `row` is never used twice and grows,
so that "rows above the last one seen" are the chunks that were added; `changes` numbers everything else
(removed rows, readers of a document). The two numbers are the `Position` that the derived structures
(`embedded_columns`, `embedded_text`) catch up to.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

from shared.domain import Chunk, IndexedChunk
from shared.errors import ConfigError

SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    dimension INTEGER NOT NULL,
    text_folder TEXT NOT NULL  -- the tantivy index that is derived from this very file
) STRICT;
CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS reader_sets (number INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL,
    version INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    reader_set INTEGER NOT NULL,
    scale REAL NOT NULL,  -- code * scale is about the embedding
    code BLOB NOT NULL    -- int8
) STRICT;
CREATE INDEX IF NOT EXISTS chunks_in_order ON chunks (document, version, ordinal);
CREATE TABLE IF NOT EXISTS embeddings (row INTEGER PRIMARY KEY, embedding BLOB NOT NULL) STRICT;  -- float16
CREATE TABLE IF NOT EXISTS passages (
    row INTEGER PRIMARY KEY,
    page INTEGER NOT NULL,
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS changes (  -- a row that went, or a document whose readers are others now
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    row INTEGER,
    document INTEGER,
    reader_set INTEGER
) STRICT;
"""

_FIELDS = tuple(field.name for field in fields(Chunk))
_CHUNK = """
SELECT c.row, c.id, d.id, c.version, c.ordinal, p.page, p.title, p.heading, p.content
FROM chunks c JOIN passages p ON p.row = c.row JOIN documents d ON d.number = c.document
"""

VersionRow = tuple[int, int, str]  # number of the document, version, id of the document


class Position(NamedTuple):
    """How far a derived structure has read: the last chunk row and the last change."""

    row: int
    change: int

    def covers(self, other: "Position") -> bool:
        return self.row >= other.row and self.change >= other.change


START = Position(0, 0)


class State(NamedTuple):
    position: Position
    text_folder: str


class StoredVector(NamedTuple):
    embedding: bytes
    code: bytes
    scale: float


def read_state(connection: sqlite3.Connection, dimension: int) -> State | None:
    """None before the first write. `ConfigError` if the index was made for another dimension."""
    found = connection.execute("SELECT dimension, text_folder FROM state").fetchone()
    if found is None:
        return None
    if found[0] != dimension:
        raise ConfigError(
            f"the search index holds embeddings of {found[0]} numbers, the embedder makes {dimension}; "
            "set RAG_EMBEDDER to the model it was built with, or build a new index"
        )
    sequences = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return State(Position(sequences.get("chunks", 0), sequences.get("changes", 0)), found[1])


def new_text_folder() -> str:
    return f"text-{uuid.uuid4().hex}"


def replace_text_folder(connection: sqlite3.Connection, old: str) -> None:
    """Make every process leave the text index `old`; the next one is built from the record."""
    connection.execute("UPDATE state SET text_folder = ? WHERE text_folder = ?", (new_text_folder(), old))


def write_chunks(
    connection: sqlite3.Connection,
    dimension: int,
    chunks: Sequence[IndexedChunk],
    vectors: Sequence[StoredVector],
) -> Position:
    connection.execute("INSERT OR IGNORE INTO state VALUES (1, ?, ?)", (dimension, new_text_folder()))
    read_state(connection, dimension)
    documents = {name: _document_number(connection, name) for name in {c.chunk.document_id for c in chunks}}
    reader_sets = {readers: _reader_set(connection, readers) for readers in {c.readers for c in chunks}}
    for indexed, vector in zip(chunks, vectors, strict=True):
        chunk = indexed.chunk
        _remove(connection, "SELECT row FROM chunks WHERE id = ?", (chunk.id,))
        place = (chunk.id, documents[chunk.document_id], chunk.version, chunk.ordinal)
        row = connection.execute(
            "INSERT INTO chunks (id, document, version, ordinal, reader_set, scale, code)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*place, reader_sets[indexed.readers], vector.scale, vector.code),
        ).lastrowid
        connection.execute("INSERT INTO embeddings VALUES (?, ?)", (row, vector.embedding))
        connection.execute(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            (row, chunk.page, chunk.title, chunk.heading, chunk.content),
        )
    state = read_state(connection, dimension)
    return state.position if state else START


def _document_number(connection: sqlite3.Connection, document_id: str) -> int:
    connection.execute("INSERT OR IGNORE INTO documents (id) VALUES (?)", (document_id,))
    found = connection.execute("SELECT number FROM documents WHERE id = ?", (document_id,)).fetchone()
    return int(found[0])


def _reader_set(connection: sqlite3.Connection, readers: frozenset[str]) -> int:
    key = json.dumps(sorted(readers))
    connection.execute("INSERT OR IGNORE INTO reader_sets (readers) VALUES (?)", (key,))
    found = connection.execute("SELECT number FROM reader_sets WHERE readers = ?", (key,)).fetchone()
    return int(found[0])


def _remove(connection: sqlite3.Connection, rows: str, values: tuple[object, ...]) -> int:
    """Remove the chunks that the statement `rows`, one of this module's own, selects."""
    log = f"INSERT INTO changes (row) {rows}"
    first = connection.execute("SELECT coalesce(max(number), 0) FROM changes").fetchone()[0]
    went = connection.execute(log, values).rowcount
    if went:
        for table in ("embeddings", "passages", "chunks"):
            gone = f"DELETE FROM {table} WHERE row IN (SELECT row FROM changes WHERE number > ?)"  # noqa: S608 ours  # nosec B608
            connection.execute(gone, (first,))
    return went


def delete_versions(connection: sqlite3.Connection, document_id: str, first: int, last: int | None) -> int:
    rows = (
        "SELECT c.row FROM chunks c JOIN documents d ON d.number = c.document"
        " WHERE d.id = ? AND c.version >= ? AND (? IS NULL OR c.version <= ?)"
    )
    return _remove(connection, rows, (document_id, first, last, last))


def set_readers(connection: sqlite3.Connection, document_id: str, readers: frozenset[str]) -> None:
    document, reader_set = _document_number(connection, document_id), _reader_set(connection, readers)
    connection.execute("UPDATE chunks SET reader_set = ? WHERE document = ?", (reader_set, document))
    connection.execute("INSERT INTO changes (document, reader_set) VALUES (?, ?)", (document, reader_set))


def read_chunk_ids(connection: sqlite3.Connection, document_id: str, version: int) -> frozenset[str]:
    found = connection.execute(
        "SELECT c.id FROM chunks c JOIN documents d ON d.number = c.document"
        " WHERE d.id = ? AND c.version = ?",
        (document_id, version),
    )
    return frozenset(chunk_id for (chunk_id,) in found)


def read_versions(connection: sqlite3.Connection, after: tuple[int, int], limit: int) -> list[VersionRow]:
    return connection.execute(
        "SELECT DISTINCT c.document, c.version, d.id FROM chunks c JOIN documents d ON d.number = c.document"
        " WHERE (c.document, c.version) > (?, ?) ORDER BY c.document, c.version LIMIT ?",
        (*after, limit),
    ).fetchall()


def read_document_numbers(connection: sqlite3.Connection, document_ids: Iterable[str]) -> list[int]:
    found = connection.execute(
        "SELECT number FROM documents WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(document_ids)),),
    )
    return [number for (number,) in found]


def read_chunks(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, Chunk]:
    """Those that exist, by row."""
    wanted = "JOIN json_each(?) wanted ON wanted.value = c.row"
    found = connection.execute(_CHUNK + wanted, (json.dumps(list(rows)),))
    return dict(_chunks(found))


def read_passages(
    connection: sqlite3.Connection, document_id: str, version: int, first: int, last: int
) -> list[Chunk]:
    found = connection.execute(
        _CHUNK + "WHERE d.id = ? AND c.version = ? AND c.ordinal BETWEEN ? AND ? ORDER BY c.ordinal, c.row",
        (document_id, version, first, last),
    )
    return [chunk for _, chunk in _chunks(found)]


def read_neighbours(
    connection: sqlite3.Connection, chunk_id: str, before: int, after: int
) -> list[IndexedChunk]:
    found = connection.execute(
        _CHUNK + "JOIN chunks self ON self.id = ? AND c.document = self.document AND c.version = self.version"
        " AND c.ordinal BETWEEN self.ordinal - ? AND self.ordinal + ? AND c.row <> self.row"
        " ORDER BY c.ordinal, c.row",
        (chunk_id, before, after),
    ).fetchall()
    readers = _readers_of(connection, [row for row, *_ in found])
    return [IndexedChunk(chunk=chunk, embedding=(), readers=readers[row]) for row, chunk in _chunks(found)]


def _readers_of(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, frozenset[str]]:
    found = connection.execute(
        "SELECT c.row, r.readers FROM chunks c JOIN reader_sets r ON r.number = c.reader_set"
        " WHERE c.row IN (SELECT value FROM json_each(?))",
        (json.dumps(list(rows)),),
    )
    return {row: frozenset(json.loads(readers)) for row, readers in found}


def _chunks(
    found: Iterable[tuple[int, str, str, int, int, int, str, str, str]],
) -> Iterator[tuple[int, Chunk]]:
    """`_CHUNK` selects the fields of `Chunk` in their order, after the row."""
    for row, *values in found:
        yield row, Chunk(**dict(zip(_FIELDS, values, strict=True)))  # type: ignore[arg-type]
