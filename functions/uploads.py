"""Uploads: a raw body, a form of files, or a ticket for going straight to the container.

Nothing is ingested here: the file is stored and shown as queued, and the storage trigger does the rest.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from functions.dependencies import Caller, ServicesOf
from functions.edge import allow_body
from shared.auth.access import may_keep
from shared.domain import Document, Principal
from shared.errors import AccessDenied, InvalidRequest, TooLarge
from shared.ingest import pipeline, upload_traces
from shared.ingest.documents import blob_name, display_name, owner_of
from shared.services import Services

router = APIRouter(tags=["documents"])

_MIB = 1024 * 1024
_PIECE = 256 * 1024  # bytes read from a form's file at a time
_MOST_FILES = 100
_TICKET_LIFE = 900.0  # seconds
_BINARY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_FILES = {
    "type": "object",
    "required": ["files"],
    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
}


class Ticket(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(max_length=4096)
    size: int = Field(ge=0)


@router.put(
    "/api/documents/{path:path}",
    status_code=202,
    openapi_extra={"requestBody": {"required": True, **_BINARY}},
)
async def upload_document(
    path: str, request: Request, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """Store the body under this name; replaces what the caller has under it."""
    name = writable_name(path, caller)
    allow_body(request.scope, services.limits.max_file_bytes)
    return _queued(await _store(name, request.stream(), services))


@router.post(
    "/api/documents",
    status_code=202,
    openapi_extra={"requestBody": {"content": {"multipart/form-data": {"schema": _FILES}}}},
)
async def upload_documents(request: Request, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Store the form's `files`; all of them together may be as large as one file."""
    allow_body(request.scope, services.limits.max_file_bytes + _MIB)
    # The form is read here, and not by the framework, so that nobody's body is read before we know whose.
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
        files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
        if not files:
            raise InvalidRequest("send the files as multipart/form-data in the field `files`")
        names = [writable_name(each.filename or "", caller) for each in files]
        stored = [
            await _store(name, _pieces(each), services) for name, each in zip(names, files, strict=True)
        ]
    return {"documents": [_queued(each) for each in stored]}


@router.post("/api/documents/uploads")
async def create_upload(body: Ticket, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Where to send a file of this name: to the container itself, or where it has no such door, to us."""
    name = writable_name(body.name, caller)
    if body.size > services.limits.max_file_bytes:
        raise TooLarge(f"at most {services.limits.max_file_bytes} bytes are taken")
    direct = await services.blobs.direct_upload(name, expires_in=_TICKET_LIFE)
    if direct is not None:
        await upload_traces.leave(name, services.cache)
    return {
        "method": "PUT",
        "url": direct.url if direct else f"/api/documents/{quote(display_name(name))}",
        "headers": dict(direct.headers) if direct else {},
        "expires_in": int(_TICKET_LIFE),
        "needs_token": direct is None,
    }


def writable_name(path: str, caller: Principal) -> str:
    """The blob's name. Errors: `InvalidRequest`; `AccessDenied` as in `kept`."""
    return kept(blob_name(path, caller.user_id), caller)


def kept(name: str, caller: Principal) -> str:
    """The name of a blob or a folder. Errors: `AccessDenied` for who does not keep what it lies in."""
    if owner_of(name) is None and not may_keep(caller, name):
        raise AccessDenied("only administrators put documents into this folder")
    return name


async def _store(name: str, content: AsyncIterator[bytes], services: Services) -> Document:
    async for first in content:
        if first:
            break
    else:
        raise InvalidRequest("the file is empty")
    await upload_traces.leave(name, services.cache)
    blob = await services.blobs.put(name, _from(first, content), max_size=services.limits.max_file_bytes)
    return await pipeline.announce(blob, services)


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


def _queued(stored: Document) -> dict[str, Any]:
    return {"id": stored.id, "name": display_name(stored.name), "status": stored.status}
