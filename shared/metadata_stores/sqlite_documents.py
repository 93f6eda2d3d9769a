"""Documents in SQLite: the `DocumentStore` part of `SqliteMetadataStore`.

`documents` holds each one whole; `document_readers` repeats who may read it, ordered by name, so that
a page of one reader's list costs the page and not the library. Tombstones have no entries there.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from shared.domain import BlobProperties, Document, DocumentStatus, PageKind
from shared.metadata_stores.sqlite_document_lists import SqliteDocumentLists, find_documents
from shared.metadata_stores.sqlite_document_rows import (
    find_document,
    find_live_document,
    held_path,
    insert_document,
    replace_readers,
    to_json,
    unlist_readers,
)

_IDS_PER_READ = 500  # placeholders in one statement
_LOOKED_UP = 100  # documents that cost an event loop no more than the way to a thread: a question's


class SqliteDocuments(SqliteDocumentLists):
    async def announce(self, document: Document, *, etag: str) -> Document:
        return await self._file.write(lambda connection: _announce(connection, document, etag))

    async def claim(self, document_id: str, blob: BlobProperties, *, now: float) -> Document | None:
        def change(connection: sqlite3.Connection) -> Document | None:
            connection.execute(
                """
                UPDATE documents SET
                    claimed_version = claimed_version + (etag IS NOT :etag),
                    status = 'parsing', reason = NULL, parked_event = NULL, etag = :etag, size = :size,
                    updated_at = :now
                WHERE id = :id AND status <> 'deleted'
                AND NOT (etag IS :etag AND status IN ('indexed', 'failed'))
                """,
                {"id": document_id, "etag": blob.etag, "size": blob.size, "now": now},
            )
            return find_live_document(connection, document_id)

        return await self._file.write(change)

    async def set_status(
        self, document_id: str, version: int, status: DocumentStatus, *, reason: str | None, now: float
    ) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET status = ?, reason = ?, updated_at = ?
            WHERE id = ? AND claimed_version = ? AND status NOT IN ('indexed', 'failed', 'deleted')
            """,
            (status.value, reason, now, document_id, version),
        )

    async def publish(
        self,
        document_id: str,
        version: int,
        *,
        index: str,
        content_hash: str,
        title: str,
        pages: int,
        page_kind: PageKind,
        chunks: int,
        timings: tuple[tuple[str, float], ...],
        now: float,
    ) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET
                current_version = claimed_version, held = json_set(held, ?, claimed_version),
                status = 'indexed', reason = NULL, parked_event = NULL, content_hash = ?, title = ?,
                pages = ?, page_kind = ?, chunks = ?, timings = ?, updated_at = ?, indexed_at = ?
            WHERE id = ? AND claimed_version = ? AND claimed_version > 0
                AND status NOT IN ('failed', 'deleted')
            """,
            (
                *(held_path(index), content_hash, title, pages, page_kind, chunks),
                *(json.dumps(timings), now, now, document_id, version),
            ),
        )

    async def hold(self, document_id: str, version: int, *, index: str) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET held = json_set(held, ?, current_version)
            WHERE id = ? AND current_version = ? AND current_version > 0
            """,
            (held_path(index), document_id, version),
        )

    async def forget_index(self, index: str) -> None:
        path = held_path(index)
        await self._has_changed(
            "UPDATE documents SET held = json_remove(held, ?) WHERE json_extract(held, ?) IS NOT NULL",
            (path, path),
        )

    async def park(self, document_id: str, *, reason: str, event: str, now: float) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET status = 'failed', reason = ?, parked_event = ?, updated_at = ?
            WHERE id = ? AND status NOT IN ('indexed', 'failed', 'deleted')
            """,
            (reason, event, now, document_id),
        )

    async def reject(self, document_id: str, version: int, *, reason: str, now: float) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET
                status = 'failed', reason = ?, current_version = 0, held = '{}', content_hash = NULL,
                chunks = 0, updated_at = ?
            WHERE id = ? AND claimed_version = ? AND status <> 'deleted'
            """,
            (reason, now, document_id, version),
        )

    async def keep_current(self, document_id: str, version: int, *, now: float) -> bool:
        return await self._has_changed(
            """
            UPDATE documents SET status = 'indexed', reason = NULL, updated_at = ?
            WHERE id = ? AND claimed_version = ? AND current_version > 0 AND status <> 'deleted'
            """,
            (now, document_id, version),
        )

    async def requeue(self, document_id: str, *, now: float) -> bool:
        # Without an etag every blob is another one, so the next claim gets a fresh version.
        return await self._has_changed(
            """
            UPDATE documents SET
                status = 'queued', reason = NULL, parked_event = NULL, etag = NULL, updated_at = ?
            WHERE id = ? AND status <> 'deleted'
            """,
            (now, document_id),
        )

    async def bury(self, document_id: str, *, now: float, seen_at: float | None = None) -> Document | None:
        def change(connection: sqlite3.Connection) -> Document | None:
            before = find_document(connection, document_id)
            if before is not None and seen_at not in (None, before.updated_at):
                return None
            if before is None or before.status is DocumentStatus.DELETED:
                return before
            connection.execute(
                """
                UPDATE documents SET
                    status = 'deleted', reason = NULL, etag = NULL, content_hash = NULL, current_version = 0,
                    held = '{}', parked_event = NULL, claimed_version = claimed_version + 1, updated_at = ?,
                    title = '', pages = 0, chunks = 0
                WHERE id = ?
                """,
                (now, document_id),
            )
            unlist_readers(connection, document_id)
            return before

        return await self._file.write(change)

    async def purge_tombstones(self, *, before: float) -> int:
        def change(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "DELETE FROM documents WHERE status = 'deleted' AND updated_at < ?", (before,)
            ).rowcount

        return await self._file.write(change)

    async def document(self, document_id: str) -> Document | None:
        return await self._file.look_up(lambda connection: find_document(connection, document_id))

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        ids = list(document_ids)
        found: dict[str, Document] = {}
        for start in range(0, len(ids), _IDS_PER_READ):
            batch = ids[start : start + _IDS_PER_READ]
            find = partial(find_documents, document_ids=batch)
            read = self._file.look_up if len(batch) <= _LOOKED_UP else self._file.read
            found.update((document.id, document) for document in await read(find))
        return found

    async def set_readers(self, document_id: str, readers: frozenset[str], *, now: float) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            document = find_live_document(connection, document_id)
            if document is None:
                return False
            replace_readers(connection, document, readers)
            connection.execute("UPDATE documents SET updated_at = ? WHERE id = ?", (now, document_id))
            return True

        return await self._file.write(change)

    async def set_tags(self, document_id: str, tags: frozenset[str], *, now: float) -> bool:
        return await self._has_changed(
            "UPDATE documents SET tags = ?, updated_at = ? WHERE id = ? AND status <> 'deleted'",
            (to_json(tags), now, document_id),
        )

    async def _has_changed(self, statement: str, given: tuple[object, ...]) -> bool:
        return await self._file.write(lambda connection: connection.execute(statement, given).rowcount > 0)


def _announce(connection: sqlite3.Connection, document: Document, etag: str) -> Document:
    known = find_document(connection, document.id)
    if known is None:
        insert_document(connection, replace(document, etag=None))
    elif known.status is DocumentStatus.DELETED:
        connection.execute(
            "UPDATE documents SET owner_id = ?, created_at = ?, tags = ? WHERE id = ?",
            (document.owner_id, document.created_at, to_json(document.tags), document.id),
        )
        replace_readers(connection, known, document.readers)
    connection.execute(
        """
        UPDATE documents SET status = 'queued', reason = NULL, parked_event = NULL, size = ?, updated_at = ?
        WHERE id = ? AND etag IS NOT ?
        """,
        (document.size, document.updated_at, document.id, etag),
    )
    stored = find_document(connection, document.id)
    assert stored is not None
    return stored
