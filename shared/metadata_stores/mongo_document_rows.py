"""How a `Document` lies in MongoDB: indexes, filters, the way there and back. Used by `mongo_documents`."""

import re
from dataclasses import fields
from typing import Any

from pymongo import IndexModel

from shared.domain import Document, DocumentStatus, Filters
from shared.metadata_stores.mongo_database import Row
from shared.metadata_stores.mongo_writes import by_id
from shared.query.filters import Filed, endings

DOCUMENTS_INDEXES = (
    IndexModel([("name", 1), ("_id", 1)]),
    IndexModel([("status", 1), ("name", 1), ("_id", 1)]),
    IndexModel([("readers", 1), ("name", 1), ("_id", 1)]),
    IndexModel([("status", 1), ("updated_at", 1)]),
    IndexModel([("tags", 1), ("name", 1), ("_id", 1)]),
)
BY_NAME = [("name", 1), ("_id", 1)]  # MongoDB compares the bytes of UTF-8: the order of code points

FILED = {"name": True, "owner_id": True, "tags": True, "indexed_at": True}  # a projection

_FIELDS = tuple(field.name for field in fields(Document))
_STATUSES = {status.value: status for status in DocumentStatus}


def to_row(document: Document) -> Row:
    row: dict[str, Any] = {name: getattr(document, name) for name in _FIELDS}
    row["_id"] = row.pop("id")
    row["readers"] = sorted(document.readers)
    row["tags"] = sorted(document.tags)
    row["status"] = document.status.value
    row["held"] = dict(document.held)
    row["timings"] = [list(timing) for timing in document.timings]
    return row


def to_document(row: Row) -> Document:
    values: dict[str, Any] = {name: row.get(name) for name in _FIELDS if name != "id"}
    values["held"] = tuple(row.get("held", {}).items())
    values["readers"] = frozenset(row["readers"])
    values["tags"] = frozenset(row.get("tags", ()))
    values["status"] = _STATUSES[row["status"]]
    values["timings"] = tuple((stage, duration) for stage, duration in row["timings"])
    return Document(id=row["_id"], **values)


def to_filed(row: Row) -> Filed:
    return Filed(row["name"], row["owner_id"], frozenset(row.get("tags", ())), row["indexed_at"])


def is_tombstone(row: Row) -> bool:
    return bool(row["status"] == DocumentStatus.DELETED.value)


def live(document_id: str) -> Row:
    """A filter for anything but a tombstone."""
    return {**by_id(document_id), "status": {"$ne": DocumentStatus.DELETED.value}}


def claimed_as(document_id: str, version: int, *but: DocumentStatus) -> Row:
    """A filter for the version that is being written, tombstones and the statuses `but` left out."""
    excluded = [status.value for status in (DocumentStatus.DELETED, *but)]
    return {**by_id(document_id), "claimed_version": {"$eq": version}, "status": {"$nin": excluded}}


def may_fit(filters: Filters, readers: frozenset[str] | None) -> Row:
    """A filter that leaves out most of what does not fit, and nothing that does."""
    conditions: list[Row] = [{"current_version": {"$gt": 0}}]
    if readers is not None:
        conditions.append({"readers": {"$in": [str(reader) for reader in readers]}})
    if filters.tags:
        conditions.append({"tags": {"$in": [str(tag) for tag in filters.tags]}})
    if filters.since is not None:
        conditions.append({"indexed_at": {"$gte": filters.since}})
    if filters.until is not None:
        conditions.append({"indexed_at": {"$lte": filters.until}})
    if filters.folder is not None:
        conditions.append({"name": {"$regex": f"(^|/){re.escape(filters.folder)}/"}})
    if filters.types:
        any_ending = "|".join(map(re.escape, sorted(endings(filters.types))))
        conditions.append({"name": {"$regex": rf"\.({any_ending})$", "$options": "i"}})
    return {"$and": conditions}
