"""How a `Document` lies in SQLite: the tables, and the way there and back. Used by `sqlite_documents`."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from typing import Any

from shared.domain import Document, DocumentStatus

# The first columns are the fields of `Document`, in their order: rows are read by position.
DOCUMENTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner_id TEXT,
    readers TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    etag TEXT,
    content_hash TEXT,
    size INTEGER NOT NULL,
    claimed_version INTEGER NOT NULL,
    current_version INTEGER NOT NULL,
    title TEXT NOT NULL,
    pages INTEGER NOT NULL,
    page_kind TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    indexed_at REAL,
    timings TEXT NOT NULL,
    held TEXT NOT NULL DEFAULT '{}',
    parked_event TEXT,
    tags TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_by_name ON documents (name, id);
CREATE INDEX IF NOT EXISTS documents_by_status ON documents (status, name);
CREATE INDEX IF NOT EXISTS documents_by_change ON documents (updated_at, status);
CREATE TABLE IF NOT EXISTS document_readers (
    reader TEXT NOT NULL,
    name TEXT NOT NULL,
    document_id TEXT NOT NULL,
    PRIMARY KEY (reader, name, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_readers_by_document ON document_readers (document_id);
"""

DOCUMENTS_UPGRADE_3 = """
ALTER TABLE documents ADD COLUMN held TEXT NOT NULL DEFAULT '{}';
ALTER TABLE documents ADD COLUMN parked_event TEXT
"""
DOCUMENTS_UPGRADE_4 = "ALTER TABLE documents ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'"
# What their owners had shared with everyone, when everyone was of one organisation.
DOCUMENTS_UPGRADE_5 = """
UPDATE document_readers SET reader = 'organisation:default'
WHERE reader = 'everyone' AND document_id IN (SELECT id FROM documents WHERE owner_id IS NOT NULL);
UPDATE documents SET readers = replace(readers, '"everyone"', '"organisation:default"')
WHERE owner_id IS NOT NULL
"""

FIELDS = tuple(field.name for field in fields(Document))
_READERS, _STATUS, _TIMINGS, _HELD, _TAGS = map(
    FIELDS.index, ("readers", "status", "timings", "held", "tags")
)
_INSERT = f"INSERT INTO documents ({', '.join(FIELDS)}) VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 constants  # nosec B608


_STATUSES = {status.value: status for status in DocumentStatus}


@lru_cache(maxsize=4096)  # rows and documents are immutable, and every search asks for the same few
def to_document(row: tuple[Any, ...]) -> Document:
    values = dict(zip(FIELDS, row, strict=False))
    values["readers"] = to_set(row[_READERS])
    values["tags"] = to_set(row[_TAGS])
    values["status"] = _STATUSES[row[_STATUS]]
    values["timings"] = tuple(map(tuple, json.loads(row[_TIMINGS])))
    values["held"] = tuple(json.loads(row[_HELD]).items())
    return Document(**values)


@lru_cache(maxsize=1024)  # few sets of readers and of tags among many documents
def to_set(stored: str) -> frozenset[str]:
    return frozenset(json.loads(stored))


def to_json(values: Iterable[str] | None) -> str:
    return json.dumps(None if values is None else sorted(values))


def insert_document(connection: sqlite3.Connection, document: Document) -> None:
    values = {name: getattr(document, name) for name in FIELDS}
    values["readers"] = to_json(document.readers)
    values["status"] = document.status.value
    values["timings"] = json.dumps(document.timings)
    values["held"] = json.dumps(dict(document.held))
    values["tags"] = to_json(document.tags)
    connection.execute(_INSERT, tuple(values.values()))
    _list_readers(connection, document.id, document.name, document.readers)


def replace_readers(connection: sqlite3.Connection, document: Document, readers: frozenset[str]) -> None:
    connection.execute("UPDATE documents SET readers = ? WHERE id = ?", (to_json(readers), document.id))
    unlist_readers(connection, document.id)
    _list_readers(connection, document.id, document.name, readers)


def unlist_readers(connection: sqlite3.Connection, document_id: str) -> None:
    connection.execute("DELETE FROM document_readers WHERE document_id = ?", (document_id,))


def _list_readers(
    connection: sqlite3.Connection, document_id: str, name: str, readers: Iterable[str]
) -> None:
    connection.executemany(
        "INSERT INTO document_readers (reader, name, document_id) VALUES (?, ?, ?)",
        [(reader, name, document_id) for reader in readers],
    )


def held_path(index: str) -> str:
    """Of the index in the JSON of `held`."""
    return f'$."{index}"'


def find_document(connection: sqlite3.Connection, document_id: str) -> Document | None:
    row = connection.execute("SELECT * FROM documents WHERE id = ?", (document_id,)).fetchone()
    return None if row is None else to_document(row)


def find_live_document(connection: sqlite3.Connection, document_id: str) -> Document | None:
    document = find_document(connection, document_id)
    return None if document is None or document.status is DocumentStatus.DELETED else document
