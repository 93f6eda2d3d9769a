"""Documents in MongoDB: the `DocumentStore` part of `MongoMetadataStore`.

Each is one document of the collection, so that one conditional update is enough for every change. Where
several updates may be the right one, each says in its filter when it is, and losing a race is looked at
again.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain import BlobProperties, Document, DocumentStatus, PageKind
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_document_rows import claimed_as, is_tombstone, live, to_document, to_row
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES, by_id, change, insert, repeatable

_FAILED = DocumentStatus.FAILED
_FINISHED = [DocumentStatus.INDEXED.value, DocumentStatus.FAILED.value, DocumentStatus.DELETED.value]


class MongoDocuments:
    _mongo: MongoDatabase

    async def announce(self, document: Document, *, etag: str) -> Document:
        queued = {
            "status": DocumentStatus.QUEUED.value,
            "reason": None,
            "parked_event": None,
            "size": document.size,
            "updated_at": document.updated_at,
        }
        new = to_row(replace(document, etag=None)) | queued
        revived = {key: new[key] for key in ("owner_id", "readers", "tags", "created_at")} | queued
        same = by_id(document.id)
        async with self._mongo.calling() as database:
            documents = database["documents"]
            while True:
                known = await documents.find_one(same, WITHOUT_WRITES)
                stored: Row | None = None
                if known is None:
                    stored = new if await insert(documents, new) else None
                elif is_tombstone(known):
                    where = {**same, "status": DocumentStatus.DELETED.value}
                    stored = await change(documents, where, {"$set": revived})
                elif known["etag"] == etag:
                    stored = known
                else:
                    where = {**live(document.id), "etag": {"$ne": etag}}
                    stored = await change(documents, where, {"$set": queued})
                if stored is not None:
                    return to_document(stored)

    async def claim(self, document_id: str, blob: BlobProperties, *, now: float) -> Document | None:
        parsing = {
            "status": DocumentStatus.PARSING.value,
            "reason": None,
            "parked_event": None,
            "etag": blob.etag,
            "size": blob.size,
            "updated_at": now,
        }
        other_blob = {**live(document_id), "etag": {"$ne": blob.etag}}
        unfinished = {**by_id(document_id), "etag": {"$eq": blob.etag}, "status": {"$nin": _FINISHED}}
        async with self._mongo.calling() as database:
            documents = database["documents"]
            while True:
                found = (
                    await change(documents, other_blob, {"$set": parsing, "$inc": {"claimed_version": 1}})
                    or await change(documents, unfinished, {"$set": parsing})
                    or await documents.find_one(by_id(document_id), WITHOUT_WRITES)
                )
                if found is None or is_tombstone(found):
                    return None
                if found["etag"] == blob.etag:  # else another claim came in between
                    return to_document(found)

    async def set_status(
        self, document_id: str, version: int, status: DocumentStatus, *, reason: str | None, now: float
    ) -> bool:
        values = {"status": status.value, "reason": reason, "updated_at": now}
        return await self._has_changed(
            claimed_as(document_id, version, _FAILED, DocumentStatus.INDEXED), values
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
        if version == 0:  # never claimed
            return False
        values = {
            "current_version": version,
            f"held.{index}": version,
            "status": DocumentStatus.INDEXED.value,
            "reason": None,
            "parked_event": None,
            "content_hash": content_hash,
            "title": title,
            "pages": pages,
            "page_kind": page_kind,
            "chunks": chunks,
            "timings": [list(timing) for timing in timings],
            "updated_at": now,
            "indexed_at": now,
        }
        return await self._has_changed(claimed_as(document_id, version, _FAILED), values)

    async def hold(self, document_id: str, version: int, *, index: str) -> bool:
        if version == 0:
            return False
        where = {**by_id(document_id), "current_version": {"$eq": version}}
        return await self._has_changed(where, {f"held.{index}": version})

    async def forget_index(self, index: str) -> None:
        key = f"held.{index}"
        async with self._mongo.calling() as database:
            documents = database["documents"]
            await repeatable(lambda: documents.update_many({key: {"$exists": True}}, {"$unset": {key: ""}}))

    async def park(self, document_id: str, *, reason: str, event: str, now: float) -> bool:
        values = {"status": _FAILED.value, "reason": reason, "parked_event": event, "updated_at": now}
        return await self._has_changed({**by_id(document_id), "status": {"$nin": _FINISHED}}, values)

    async def reject(self, document_id: str, version: int, *, reason: str, now: float) -> bool:
        values: Row = {
            "status": _FAILED.value,
            "reason": reason,
            "current_version": 0,
            "held": {},
            "content_hash": None,
            "chunks": 0,
            "updated_at": now,
        }
        return await self._has_changed(claimed_as(document_id, version), values)

    async def keep_current(self, document_id: str, version: int, *, now: float) -> bool:
        where = {**claimed_as(document_id, version), "current_version": {"$gt": 0}}
        values = {"status": DocumentStatus.INDEXED.value, "reason": None, "updated_at": now}
        return await self._has_changed(where, values)

    async def requeue(self, document_id: str, *, now: float) -> bool:
        # Without an etag every blob is another one, so the next claim gets a fresh version.
        values: Row = {
            "status": DocumentStatus.QUEUED.value,
            "reason": None,
            "parked_event": None,
            "etag": None,
            "updated_at": now,
        }
        return await self._has_changed(live(document_id), values)

    async def bury(self, document_id: str, *, now: float, seen_at: float | None = None) -> Document | None:
        values: Row = {
            "status": DocumentStatus.DELETED.value,
            "reason": None,
            "etag": None,
            "content_hash": None,
            "current_version": 0,
            "held": {},
            "parked_event": None,
            "updated_at": now,
            "title": "",
            "pages": 0,
            "chunks": 0,
        }
        update = {"$set": values, "$inc": {"claimed_version": 1}}
        async with self._mongo.calling() as database:
            documents = database["documents"]
            while True:
                before = await documents.find_one(by_id(document_id))
                if before is None or seen_at not in (None, before["updated_at"]):
                    return None
                # The marks of its last writes tell whether it is still what was read.
                unchanged = {**by_id(document_id), "writes": {"$eq": before["writes"]}}
                if is_tombstone(before) or await change(documents, unchanged, update):
                    return to_document(before)

    async def purge_tombstones(self, *, before: float) -> int:
        where = {"status": DocumentStatus.DELETED.value, "updated_at": {"$lt": before}}
        async with self._mongo.calling() as database:
            deleted = await repeatable(lambda: database["documents"].delete_many(where))
            return deleted.deleted_count

    async def document(self, document_id: str) -> Document | None:
        async with self._mongo.calling() as database:
            row = await database["documents"].find_one(by_id(document_id), WITHOUT_WRITES)
            return None if row is None else to_document(row)

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        ids = [str(document_id) for document_id in document_ids]  # a pattern would be one inside `$in`
        if not ids:
            return {}
        async with self._mongo.calling() as database:
            found = database["documents"].find({"_id": {"$in": ids}}, WITHOUT_WRITES, batch_size=len(ids) + 1)
            return {row["_id"]: to_document(row) for row in await found.to_list()}

    async def set_readers(self, document_id: str, readers: frozenset[str], *, now: float) -> bool:
        return await self._has_changed(live(document_id), {"readers": sorted(readers), "updated_at": now})

    async def set_tags(self, document_id: str, tags: frozenset[str], *, now: float) -> bool:
        return await self._has_changed(live(document_id), {"tags": sorted(tags), "updated_at": now})

    async def _has_changed(self, where: Row, values: Row) -> bool:
        async with self._mongo.calling() as database:
            return await change(database["documents"], where, {"$set": values}) is not None
