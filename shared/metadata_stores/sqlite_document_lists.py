"""Lists of documents from SQLite, by name. Used by `sqlite_documents`."""

import sqlite3
from collections.abc import Iterable
from itertools import takewhile

from shared.domain import Document, DocumentStatus
from shared.metadata_stores.sqlite_document_rows import to_document

_FOR_ALL = """
SELECT * FROM documents
WHERE name > :after AND name >= :prefix AND status <> 'deleted'
ORDER BY name, id LIMIT :limit
"""
_FOR_ALL_OF_STATUS = """
SELECT * FROM documents
WHERE name > :after AND name >= :prefix AND status <> 'deleted' AND status = :status
ORDER BY name, id LIMIT :limit
"""
_FOR_READER = """
SELECT documents.* FROM document_readers AS listed JOIN documents ON documents.id = listed.document_id
WHERE listed.reader = :reader AND listed.name > :after AND listed.name >= :prefix
AND (:status IS NULL OR documents.status = :status)
ORDER BY listed.name, listed.document_id LIMIT :limit
"""
_AFTER = "SELECT * FROM documents WHERE (name, id) > (?, ?) ORDER BY name, id LIMIT ?"


def list_page(
    connection: sqlite3.Connection,
    *,
    readers: frozenset[str] | None,
    after: str,
    limit: int,
    status: DocumentStatus | None,
    prefix: str,
) -> list[Document]:
    given = {"after": after, "prefix": prefix, "limit": limit, "status": status}
    rows: Iterable[tuple[object, ...]]
    if readers is None:
        rows = connection.execute(_FOR_ALL_OF_STATUS if status else _FOR_ALL, given)
    else:
        # At most `limit` rows of each reader's own order, merged: no reader's whole list is ever walked.
        found = {
            row[0]: row
            for reader in readers
            for row in connection.execute(_FOR_READER, {**given, "reader": reader})
        }
        rows = sorted(found.values(), key=lambda row: (row[1], row[0]))[:limit]
    # In order of name those with the prefix come first, because the query starts at the prefix itself.
    return list(takewhile(lambda document: document.name.startswith(prefix), map(to_document, rows)))


def page_after(connection: sqlite3.Connection, after: tuple[str, str], limit: int) -> list[Document]:
    return [to_document(row) for row in connection.execute(_AFTER, (*after, limit))]


def find_documents(connection: sqlite3.Connection, document_ids: list[str]) -> list[Document]:
    marks = ", ".join("?" * len(document_ids))
    rows = connection.execute(f"SELECT * FROM documents WHERE id IN ({marks})", document_ids)  # noqa: S608 question marks
    return [to_document(row) for row in rows]
