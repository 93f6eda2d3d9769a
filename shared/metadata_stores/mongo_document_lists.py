"""Lists of documents from MongoDB, by name: the rest of the `DocumentStore` part of `MongoMetadataStore`."""

from collections.abc import AsyncIterator
from itertools import takewhile

from shared.domain import Document, DocumentStatus, Filters
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_document_rows import BY_NAME, FILED, may_fit, to_document, to_filed
from shared.metadata_stores.mongo_writes import WITHOUT_WRITES
from shared.query.filters import fits

_PAGE = 500  # documents per read of every_document
_IDS_PER_READ = 2_000  # documents per read of matching


class MongoDocumentLists:
    _mongo: MongoDatabase

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
        where: Row = {
            "name": {"$gt": after or "", "$gte": prefix},
            "status": {"$ne": DocumentStatus.DELETED.value},
        }
        if status is not None:
            where["status"]["$eq"] = status.value
        if tag is not None:
            where["tags"] = {"$eq": tag}
        if readers is not None:
            where["readers"] = {"$in": [str(reader) for reader in readers]}
        found = await self._page(where, limit)
        # In order of name those with the prefix come first, because the query starts at the prefix itself.
        return list(takewhile(lambda document: document.name.startswith(prefix), found))

    async def matching(
        self, filters: Filters, *, readers: frozenset[str] | None, limit: int
    ) -> list[str] | None:
        ids = []
        async with (
            self._mongo.calling() as database,
            database["documents"].find(may_fit(filters, readers), FILED, batch_size=_IDS_PER_READ) as found,
        ):
            async for row in found:
                if fits(to_filed(row), filters):
                    ids.append(row["_id"])
                    if len(ids) > limit:
                        return None
        return ids

    async def every_document(self) -> AsyncIterator[Document]:
        where: Row = {}
        while page := await self._page(where, _PAGE):
            for document in page:
                yield document
            last = page[-1]
            where = {
                "$or": [
                    {"name": {"$gt": last.name}},
                    {"name": {"$eq": last.name}, "_id": {"$gt": last.id}},
                ]
            }

    async def count_documents(self, *, readers: frozenset[str] | None = None) -> dict[DocumentStatus, int]:
        where: Row = {}
        if readers is not None:
            where["readers"] = {"$in": [str(reader) for reader in readers]}
            where["status"] = {"$ne": DocumentStatus.DELETED.value}
        async with self._mongo.calling() as database:
            counting = await database["documents"].aggregate(
                [{"$match": where}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
            )
            counted = {DocumentStatus(row["_id"]): row["count"] for row in await counting.to_list()}
        return dict.fromkeys(DocumentStatus, 0) | counted

    async def count_parked(self, *, readers: frozenset[str] | None = None) -> int:
        where: Row = {"status": DocumentStatus.FAILED.value, "parked_event": {"$ne": None}}
        if readers is not None:
            where["readers"] = {"$in": [str(reader) for reader in readers]}
        async with self._mongo.calling() as database:
            return await database["documents"].count_documents(where)

    async def count_finished(self, *, since: float, readers: frozenset[str] | None = None) -> int:
        finished = [DocumentStatus.INDEXED.value, DocumentStatus.FAILED.value]
        where: Row = {"status": {"$in": finished}, "updated_at": {"$gte": since}}
        if readers is not None:
            where["readers"] = {"$in": [str(reader) for reader in readers]}
        async with self._mongo.calling() as database:
            return await database["documents"].count_documents(where)

    async def count_held(self, index: str) -> tuple[int, int]:
        is_held = {"$cond": [{"$eq": [f"$held.{index}", "$current_version"]}, 1, 0]}
        async with self._mongo.calling() as database:
            counting = await database["documents"].aggregate(
                [
                    {"$match": {"current_version": {"$gt": 0}}},
                    {"$group": {"_id": None, "current": {"$sum": 1}, "held": {"$sum": is_held}}},
                ]
            )
            counted = await counting.to_list()
        return (counted[0]["current"], counted[0]["held"]) if counted else (0, 0)

    async def _page(self, where: Row, limit: int) -> list[Document]:
        async with self._mongo.calling() as database:
            found = database["documents"].find(
                where, WITHOUT_WRITES, sort=BY_NAME, limit=limit, batch_size=limit
            )
            return [to_document(row) for row in await found.to_list()]
