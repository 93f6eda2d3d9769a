"""The caller's documents: list, show, share, tag, delete. Upload, content and retry have their own."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.cursors import cursor, read_cursor
from functions.dependencies import Caller, ServicesOf
from functions.document_json import document_json, documents_json
from functions.filters import MOST_TAGS, Tag
from functions.reader_names import place_of, stored_readers
from shared.auth.access import filter_for, may_change, may_read
from shared.domain import Document, DocumentStatus, Principal, user_reader
from shared.errors import AccessDenied, NotFound
from shared.ingest import pipeline
from shared.ingest.documents import is_common, own_folder
from shared.ingest.readers import share
from shared.services import Services
from shared.telemetry.audit import audit

router = APIRouter(tags=["documents"])

_NOT_FOUND = "there is no such document"


class Changes(BaseModel):
    """What is not given stays."""

    model_config = ConfigDict(extra="forbid")

    readers: list[Annotated[str, Field(max_length=1000)]] | None = Field(None, max_length=100)
    tags: list[Tag] | None = Field(None, max_length=MOST_TAGS)

    @model_validator(mode="after")
    def _changes_something(self) -> "Changes":
        if self.readers is None and self.tags is None:
            raise ValueError("give `readers` or `tags`")
        return self


@router.get("/api/documents")
async def list_documents(
    *,
    caller: Caller,
    services: ServicesOf,
    after: Annotated[str | None, Query(max_length=10_000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    status: DocumentStatus | None = None,
    prefix: Annotated[str, Query(max_length=1024)] = "",
    tag: Tag | None = None,
) -> dict[str, Any]:
    """What the caller may read, by name, a page at a time."""
    found = await services.metadata.list_documents(
        readers=filter_for(caller),
        after=None if after is None else read_cursor(after),
        limit=limit + 1,
        status=status,
        prefix=blob_prefix(prefix, caller),
        tag=tag,
    )
    page = found[:limit]
    return {
        "documents": await documents_json(page, caller, services.metadata),
        "next": cursor(page[-1].name) if len(found) > limit else None,
    }


@router.get("/api/documents/{document_id}")
async def document(document_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One document and how far its ingestion is."""
    return await document_json(await visible(document_id, caller, services), caller, services.metadata)


@router.patch("/api/documents/{document_id}")
async def update_document(
    document_id: str, body: Changes, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """Share it: `everyone` (of the organisation; under shared/ of all), e-mail addresses of accounts,
    `group:<name>`, or `group:<id>` and `user:<id>` of Entra ID where its tokens are accepted; nobody else
    than its owner with `[]`. File it under tags, of any case."""
    found = await changeable(document_id, caller, services)
    if body.readers is not None:
        readers = await stored_readers(body.readers, place_of(found.name, caller), services)
        if found.owner_id is not None:
            readers |= {user_reader(found.owner_id)}
        if not await share(found.id, readers, services):
            raise NotFound(_NOT_FOUND)
        told = "readers: " + (" ".join(sorted(readers)) or "none")
        audit("shared", actor=caller.user_id, subject=found.id, reason=told)
    if body.tags is not None:
        await services.metadata.set_tags(found.id, frozenset(body.tags), now=time.time())
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
    audit("deleted", actor=caller.user_id, subject=found.id, reason="document")


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


async def readable(document_id: str, caller: Principal, services: Services) -> Document:
    """Errors: `NotFound` as in `visible`, `AccessDenied` for who keeps it and is no reader."""
    found = await visible(document_id, caller, services)
    if not may_read(caller, found):
        raise AccessDenied("only its readers may open a document")
    return found


async def changeable(document_id: str, caller: Principal, services: Services) -> Document:
    """Errors: `NotFound` as in `visible`, `AccessDenied` for a reader who is no more than that."""
    found = await visible(document_id, caller, services)
    if not may_change(caller, found):
        raise AccessDenied("only its owner may change a document")
    return found


def blob_prefix(prefix: str, caller: Principal) -> str:
    if not prefix or is_common(prefix):
        return prefix
    return own_folder(caller.user_id) + prefix
