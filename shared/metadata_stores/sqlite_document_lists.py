"""Lists of documents from SQLite, by name, and counts: what `sqlite_documents` builds on."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from functools import partial
from itertools import takewhile

from shared.domain import Document, DocumentStatus
from shared.metadata_stores.sqlite_document_rows import held_path, to_document
from shared.sqlite_file import SqliteFile

_PAGE = 500  # documents per read of every_document
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
_COUNT = "SELECT status, count(*) FROM documents GROUP BY status"
_COUNT_READABLE = """
SELECT status, count(*) FROM documents
WHERE id IN (
    SELECT document_id FROM document_readers WHERE reader IN (SELECT value FROM json_each(:readers))
)
GROUP BY status
"""
_COUNT_PARKED = """
SELECT count(*) FROM documents
WHERE status = 'failed' AND parked_event IS NOT NULL AND (
    :readers = 'null' OR id IN (
        SELECT document_id FROM document_readers WHERE reader IN (SELECT value FROM json_each(:readers))
    )
)
"""
_COUNT_FINISHED = """
SELECT count(*) FROM documents WHERE updated_at >= ? AND status IN ('indexed', 'failed')
"""
_COUNT_HELD = """
SELECT count(*), count(CASE WHEN json_extract(held, ?) = current_version THEN 1 END)
FROM documents WHERE current_version > 0
"""


class SqliteDocumentLists:
    _file: SqliteFile

    async def list_documents(
        self,
        *,
        readers: frozenset[str] | None,
        after: str | None = None,
        limit: int = 100,
        status: DocumentStatus | None = None,
        prefix: str = "",
    ) -> list[Document]:
        return await self._file.read(
            lambda connection: list_page(
                connection, readers=readers, after=after or "", limit=limit, status=status, prefix=prefix
            )
        )

    async def every_document(self) -> AsyncIterator[Document]:
        after = ("", "")
        while page := await self._file.read(partial(page_after, after=after, limit=_PAGE)):
            for document in page:
                yield document
            after = (page[-1].name, page[-1].id)

    async def count_documents(self, *, readers: frozenset[str] | None = None) -> dict[DocumentStatus, int]:
        def query(connection: sqlite3.Connection) -> dict[DocumentStatus, int]:
            given = json.dumps(None if readers is None else sorted(readers))
            rows = connection.execute(_COUNT if readers is None else _COUNT_READABLE, {"readers": given})
            return dict.fromkeys(DocumentStatus, 0) | {DocumentStatus(status): n for status, n in rows}

        return await self._file.read(query)

    async def count_parked(self, *, readers: frozenset[str] | None = None) -> int:
        given = json.dumps(None if readers is None else sorted(readers))
        return await self._file.read(
            lambda connection: int(connection.execute(_COUNT_PARKED, {"readers": given}).fetchone()[0])
        )

    async def count_finished(self, *, since: float) -> int:
        return await self._file.read(
            lambda connection: int(connection.execute(_COUNT_FINISHED, (since,)).fetchone()[0])
        )

    async def count_held(self, index: str) -> tuple[int, int]:
        def query(connection: sqlite3.Connection) -> tuple[int, int]:
            current, held = connection.execute(_COUNT_HELD, (held_path(index),)).fetchone()
            return current, held

        return await self._file.read(query)


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
