"""A document as the API shows it. Used by the documents routes."""

from datetime import UTC, datetime
from typing import Any

from functions.reader_names import known_among, place_of
from shared.auth.access import may_change, may_read
from shared.domain import Document, DocumentStatus, Principal, user_reader
from shared.ingest.documents import display_name
from shared.metadata_stores.base import MetadataStore


async def document_json(found: Document, caller: Principal, store: MetadataStore) -> dict[str, Any]:
    return (await documents_json([found], caller, store))[0]


async def documents_json(
    found: list[Document], caller: Principal, store: MetadataStore
) -> list[dict[str, Any]]:
    told = {each.id: _told_readers(each, caller) for each in found}
    known = await known_among(frozenset().union(*told.values()), store)
    return [_json(each, caller, known.names(told[each.id], place_of(each.name, caller))) for each in found]


def _told_readers(found: Document, caller: Principal) -> frozenset[str]:
    """Who may read it besides its owner, for whom that may be told to."""
    if not (caller.is_administrator or may_change(caller, found)):
        return frozenset()
    return found.readers if found.owner_id is None else found.readers - {user_reader(found.owner_id)}


def _json(found: Document, caller: Principal, readers: list[str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": display_name(found.name),
        "title": found.title if may_read(caller, found) else "",  # it comes out of the document
        "status": found.status,
        "status_text": _status_text(found),
        "reason": found.reason,
        "is_parked": found.parked_event is not None,
        "is_owner": found.owner_id == caller.user_id,
        "may_change": may_change(caller, found),
        "readers": readers,
        "tags": sorted(found.tags),
        "size": found.size,
        "pages": found.pages,
        "page_kind": found.page_kind,
        "chunks": found.chunks,
        "is_searchable": found.current_version > 0,
        "created_at": _moment(found.created_at),
        "updated_at": _moment(found.updated_at),
        "indexed_at": _moment(found.indexed_at),
        "timings": dict(found.timings),
    }


def _status_text(found: Document) -> str:
    """For people: apart from the status, that a person has to act, or what its next attempt waits for."""
    if found.parked_event is not None:
        return f"{found.status} (parked)"
    if found.reason and found.status is not DocumentStatus.FAILED:
        return f"waiting: {found.reason}"
    return found.status


def _moment(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
