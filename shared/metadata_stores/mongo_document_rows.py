"""How a `Document` lies in MongoDB: indexes, filters, the way there and back. Used by `mongo_documents`."""

from dataclasses import fields
from typing import Any

from pymongo import IndexModel

from shared.domain import Document, DocumentStatus
from shared.metadata_stores.mongo_database import Row
from shared.metadata_stores.mongo_writes import by_id

DOCUMENTS_INDEXES = (
    IndexModel([("name", 1), ("_id", 1)]),
    IndexModel([("status", 1), ("name", 1), ("_id", 1)]),
    IndexModel([("readers", 1), ("name", 1), ("_id", 1)]),
    IndexModel([("status", 1), ("updated_at", 1)]),
)
BY_NAME = [("name", 1), ("_id", 1)]  # MongoDB compares the bytes of UTF-8: the order of code points

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


def is_tombstone(row: Row) -> bool:
    return bool(row["status"] == DocumentStatus.DELETED.value)


def live(document_id: str) -> Row:
    """A filter for anything but a tombstone."""
    return {**by_id(document_id), "status": {"$ne": DocumentStatus.DELETED.value}}


def claimed_as(document_id: str, version: int, *but: DocumentStatus) -> Row:
    """A filter for the version that is being written, tombstones and the statuses `but` left out."""
    excluded = [status.value for status in (DocumentStatus.DELETED, *but)]
    return {**by_id(document_id), "claimed_version": {"$eq": version}, "status": {"$nin": excluded}}
