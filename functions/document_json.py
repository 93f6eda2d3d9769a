"""A document as the API shows it. Used by the documents routes."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.auth.access import is_directory_reader
from shared.domain import EVERYONE, Document, DocumentStatus, Principal, user_reader
from shared.ingest.documents import display_name
from shared.metadata_stores.base_people import UserStore

_USER = user_reader("")


async def document_json(found: Document, caller: Principal, users: UserStore) -> dict[str, Any]:
    return (await documents_json([found], caller, users))[0]


async def documents_json(found: list[Document], caller: Principal, users: UserStore) -> list[dict[str, Any]]:
    told = {each.id: _told_readers(each, caller) for each in found}
    names = await _names(frozenset().union(*told.values()), users)
    return [
        _json(each, caller, [names[reader] for reader in told[each.id] if reader in names]) for each in found
    ]


def _told_readers(found: Document, caller: Principal) -> frozenset[str]:
    """Who may read it besides its owner, for whom that may be told to."""
    if not (caller.is_administrator or found.owner_id == caller.user_id):
        return frozenset()
    return found.readers if found.owner_id is None else found.readers - {user_reader(found.owner_id)}


async def _names(readers: Iterable[str], users: UserStore) -> dict[str, str]:
    """What sharing calls them; an account that is gone has no name any more."""
    names = {}
    for reader in readers:
        if reader == EVERYONE or is_directory_reader(reader):
            names[reader] = reader
        elif user := await users.user(reader.removeprefix(_USER)):
            names[reader] = user.email
    return names


def _json(found: Document, caller: Principal, readers: Iterable[str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": display_name(found.name),
        "title": found.title,
        "status": found.status,
        "status_text": _status_text(found),
        "reason": found.reason,
        "is_parked": found.parked_event is not None,
        "is_owner": found.owner_id == caller.user_id,
        "readers": sorted(readers, key=lambda reader: (reader != EVERYONE, reader)),
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
