"""Lists of documents from SQLite, by name, and counts: what `sqlite_documents` builds on."""

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from itertools import islice, takewhile
from typing import Any

from shared.domain import Document, DocumentStatus, Filters
from shared.metadata_stores.sqlite_document_rows import held_path, to_document, to_json, to_set
from shared.query.filters import Filed, endings, fits
from shared.sqlite_file import SqliteFile

_PAGE = 500  # documents per read of every_document
_FOR_ALL = """
SELECT * FROM documents
WHERE name > :after AND name >= :prefix AND status <> 'deleted'
AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(documents.tags) WHERE value = :tag))
ORDER BY name, id LIMIT :limit
"""
_FOR_ALL_OF_STATUS = """
SELECT * FROM documents
WHERE name > :after AND name >= :prefix AND status <> 'deleted' AND status = :status
AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(documents.tags) WHERE value = :tag))
ORDER BY name, id LIMIT :limit
"""
_FOR_READER = """
SELECT documents.* FROM document_readers AS listed JOIN documents ON documents.id = listed.document_id
WHERE listed.reader = :reader AND listed.name > :after AND listed.name >= :prefix
AND (:status IS NULL OR documents.status = :status)
AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(documents.tags) WHERE value = :tag))
ORDER BY listed.name, listed.document_id LIMIT :limit
"""
# Leaves out most of what does not fit, and nothing that does. Not by `document_readers`: to look up each of
# the many documents that are everyone's costs several times what it costs to read them all.
_MAY_MATCH = """
SELECT id, readers, name, owner_id, tags, indexed_at FROM documents
WHERE current_version > 0
AND (:since IS NULL OR indexed_at >= :since)
AND (:until IS NULL OR indexed_at <= :until)
AND (:folder IS NULL OR instr('/' || name, '/' || :folder || '/'))
AND (:endings = '[]' OR EXISTS (
    SELECT 1 FROM json_each(:endings) WHERE instr(lower(name), '.' || value)
))
AND (:tags = '[]' OR EXISTS (
    SELECT 1 FROM json_each(documents.tags) WHERE value IN (SELECT value FROM json_each(:tags))
))
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
_READABLE = """
AND (
    :readers = 'null' OR id IN (
        SELECT document_id FROM document_readers WHERE reader IN (SELECT value FROM json_each(:readers))
    )
)
"""
_COUNT_PARKED = f"""
SELECT count(*) FROM documents WHERE status = 'failed' AND parked_event IS NOT NULL {_READABLE}
"""  # noqa: S608 a constant of this file  # nosec B608
_COUNT_FINISHED = f"""
SELECT count(*) FROM documents WHERE updated_at >= :since AND status IN ('indexed', 'failed') {_READABLE}
"""  # noqa: S608 a constant of this file  # nosec B608
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
        tag: str | None = None,
    ) -> list[Document]:
        narrowed = {"after": after or "", "limit": limit, "status": status, "prefix": prefix, "tag": tag}
        documents = await self._file.read(partial(list_page, readers=readers, narrowed=narrowed))
        # In order of name those with the prefix come first: the query starts at the prefix itself.
        return list(takewhile(lambda document: document.name.startswith(prefix), documents))

    async def matching(
        self, filters: Filters, *, readers: frozenset[str] | None, limit: int
    ) -> list[str] | None:
        return await self._file.read(partial(find_matching, filters=filters, readers=readers, limit=limit))

    async def every_document(self) -> AsyncIterator[Document]:
        after = ("", "")
        while page := await self._file.read(partial(page_after, after=after, limit=_PAGE)):
            for document in page:
                yield document
            after = (page[-1].name, page[-1].id)

    async def count_documents(self, *, readers: frozenset[str] | None = None) -> dict[DocumentStatus, int]:
        def query(connection: sqlite3.Connection) -> dict[DocumentStatus, int]:
            given = {"readers": to_json(readers)}
            rows = connection.execute(_COUNT if readers is None else _COUNT_READABLE, given)
            return dict.fromkeys(DocumentStatus, 0) | {DocumentStatus(status): n for status, n in rows}

        return await self._file.read(query)

    async def count_parked(self, *, readers: frozenset[str] | None = None) -> int:
        given = {"readers": to_json(readers)}
        return await self._file.read(
            lambda connection: int(connection.execute(_COUNT_PARKED, given).fetchone()[0])
        )

    async def count_finished(self, *, since: float, readers: frozenset[str] | None = None) -> int:
        given = {"since": since, "readers": to_json(readers)}
        return await self._file.read(
            lambda connection: int(connection.execute(_COUNT_FINISHED, given).fetchone()[0])
        )

    async def count_held(self, index: str) -> tuple[int, int]:
        def query(connection: sqlite3.Connection) -> tuple[int, int]:
            current, held = connection.execute(_COUNT_HELD, (held_path(index),)).fetchone()
            return current, held

        return await self._file.read(query)


def list_page(
    connection: sqlite3.Connection, readers: frozenset[str] | None, narrowed: dict[str, Any]
) -> list[Document]:
    if readers is None:
        rows = connection.execute(_FOR_ALL_OF_STATUS if narrowed["status"] else _FOR_ALL, narrowed)
        return list(map(to_document, rows))
    # At most `limit` rows of each reader's own order, merged: no reader's whole list is ever walked.
    found = {
        row[0]: row
        for reader in readers
        for row in connection.execute(_FOR_READER, {**narrowed, "reader": reader})
    }
    in_order = sorted(found.values(), key=lambda row: (row[1], row[0]))
    return list(map(to_document, in_order[: narrowed["limit"]]))


def find_matching(
    connection: sqlite3.Connection, filters: Filters, readers: frozenset[str] | None, limit: int
) -> list[str] | None:
    rows = connection.execute(
        _MAY_MATCH,
        {
            "since": filters.since,
            "until": filters.until,
            "folder": filters.folder,
            "endings": to_json(endings(filters.types)),
            "tags": to_json(filters.tags),
        },
    )
    fitting = (
        document_id
        for document_id, its_readers, name, owner_id, tags, indexed_at in rows
        if (readers is None or not readers.isdisjoint(to_set(its_readers)))
        and fits(Filed(name, owner_id, to_set(tags), indexed_at), filters)
    )
    found = list(islice(fitting, limit + 1))
    return found if len(found) <= limit else None


def page_after(connection: sqlite3.Connection, after: tuple[str, str], limit: int) -> list[Document]:
    return [to_document(row) for row in connection.execute(_AFTER, (*after, limit))]


def find_documents(connection: sqlite3.Connection, document_ids: list[str]) -> list[Document]:
    marks = ", ".join("?" * len(document_ids))
    rows = connection.execute(f"SELECT * FROM documents WHERE id IN ({marks})", document_ids)  # noqa: S608 question marks  # nosec B608
    return [to_document(row) for row in rows]
