"""The caller's documents: list, show, share, delete, retry. Uploads and content are routes of their own."""

import base64
import binascii
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, ServicesOf
from shared.auth import sessions
from shared.auth.access import filter_for, is_directory_reader, may_change, may_read
from shared.domain import EVERYONE, Document, DocumentStatus, Principal, user_reader
from shared.errors import AccessDenied, Conflict, InvalidRequest, NotFound
from shared.ingest import pipeline
from shared.ingest.documents import SHARED, display_name, own_folder
from shared.ingest.events import INGEST_QUEUE, StorageEvent, encode
from shared.metadata_stores.base import UserStore
from shared.services import Services

router = APIRouter(tags=["documents"])

_NOT_FOUND = "there is no such document"
_USER = user_reader("")
_IN_WORK = (DocumentStatus.PARSING, DocumentStatus.EMBEDDING)


class Sharing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    readers: list[Annotated[str, Field(max_length=1000)]] = Field(max_length=100)


@router.get("/api/documents")
async def list_documents(
    *,
    caller: Caller,
    services: ServicesOf,
    after: Annotated[str | None, Query(max_length=10_000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    status: DocumentStatus | None = None,
    prefix: Annotated[str, Query(max_length=1024)] = "",
) -> dict[str, Any]:
    """What the caller may read, by name, a page at a time."""
    found = await services.metadata.list_documents(
        readers=filter_for(caller),
        after=None if after is None else _read_cursor(after),
        limit=limit + 1,
        status=status,
        prefix=_blob_prefix(prefix, caller),
    )
    page = found[:limit]
    return {
        "documents": await _documents_json(page, caller, services.metadata),
        "next": _cursor(page[-1].name) if len(found) > limit else None,
    }


@router.get("/api/documents/{document_id}")
async def document(document_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One document and how far its ingestion is."""
    return await _document_json(await visible(document_id, caller, services), caller, services)


@router.patch("/api/documents/{document_id}")
async def update_document(
    document_id: str, body: Sharing, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """Share it: `everyone`, e-mail addresses of accounts, or `group:<id>` and `user:<id>` of Entra ID where
    its tokens are accepted; nobody else than its owner with `[]`."""
    found = await changeable(document_id, caller, services)
    readers = await _readers(body.readers, services)
    if found.owner_id is not None:
        readers |= {user_reader(found.owner_id)}
    # The authority first: whoever lost the right does not see it from here on, whatever the index says.
    if not await services.metadata.set_readers(found.id, readers, now=time.time()):
        raise NotFound(_NOT_FOUND)
    for index in await services.shelf.everywhere():
        await index.set_readers(found.id, readers)
    return await document(document_id, caller, services)


@router.delete("/api/documents/{document_id}", status_code=204)
async def delete_document(document_id: str, caller: Caller, services: ServicesOf) -> None:
    """Gone for every question at once. Can be repeated: a repetition finishes what was interrupted."""
    found = await services.metadata.document(document_id)
    if found is None or not (may_read(caller, found) or may_change(caller, found)):
        raise NotFound(_NOT_FOUND)
    if not may_change(caller, found):
        raise AccessDenied("only its owner may delete a document")
    # The blob first: with it gone no late event can bring the document back, and what is interrupted
    # here the reconciler finishes.
    await services.blobs.delete(found.name)
    await pipeline.remove(found.name, services)


@router.post("/api/documents/{document_id}/retry", status_code=202)
async def retry_document(document_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Ingest it again, from the start."""
    found = await changeable(document_id, caller, services)
    if found.status in _IN_WORK:
        raise Conflict("this document is being ingested already")
    if not await services.metadata.requeue(found.id, now=time.time()):
        raise NotFound(_NOT_FOUND)
    await services.queue.send(INGEST_QUEUE, found.parked_event or encode(StorageEvent(name=found.name)))
    return {"id": found.id, "name": display_name(found.name), "status": DocumentStatus.QUEUED}


async def visible(document_id: str, caller: Principal, services: Services) -> Document:
    """Errors: one `NotFound` for what is missing, deleted or not the caller's to see."""
    found = await services.metadata.document(document_id)
    if (
        found is None
        or found.status is DocumentStatus.DELETED
        or not (may_read(caller, found) or may_change(caller, found))
    ):
        raise NotFound(_NOT_FOUND)
    return found


async def changeable(document_id: str, caller: Principal, services: Services) -> Document:
    """Errors: `NotFound` as in `visible`, `AccessDenied` for a reader who is no more than that."""
    found = await visible(document_id, caller, services)
    if not may_change(caller, found):
        raise AccessDenied("only its owner may change a document")
    return found


def _blob_prefix(prefix: str, caller: Principal) -> str:
    if not prefix or prefix.startswith(SHARED):
        return prefix
    return own_folder(caller.user_id) + prefix


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode("ascii")


def _read_cursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("`after` is the `next` of an earlier page") from error


async def _readers(wanted: Iterable[str], services: Services) -> frozenset[str]:
    readers = set()
    for each in wanted:
        if each == EVERYONE or (services.entra_tokens is not None and is_directory_reader(each)):
            readers.add(each)
            continue
        user = await services.metadata.user_by_email(sessions.normalised_email(each))
        if user is None:
            raise InvalidRequest("one of these e-mail addresses has no account here")
        readers.add(user_reader(user.id))
    return frozenset(readers)


async def _document_json(found: Document, caller: Principal, services: Services) -> dict[str, Any]:
    return (await _documents_json([found], caller, services.metadata))[0]


async def _documents_json(found: list[Document], caller: Principal, users: UserStore) -> list[dict[str, Any]]:
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
        "reason": found.reason,
        "is_parked": found.parked_event is not None,
        "is_owner": found.owner_id == caller.user_id,
        "readers": sorted(readers, key=lambda reader: (reader != EVERYONE, reader)),
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


def _moment(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
