"""Ingest again what failed: one document, or whole batches of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, ServicesOf
from functions.documents import blob_prefix, changeable
from shared.auth.access import may_retry
from shared.domain import Document, DocumentStatus, Principal
from shared.errors import Conflict, NotFound
from shared.ingest.documents import display_name, own_folder
from shared.ingest.events import StorageEvent, encode, send
from shared.services import Services
from shared.telemetry.audit import audit

router = APIRouter(tags=["documents"])

_IN_WORK = (DocumentStatus.PARSING, DocumentStatus.EMBEDDING)
_PAGE = 100  # documents that are looked at, and retried, at a time


class RetryBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ids: list[Annotated[str, Field(max_length=100)]] | None = Field(default=None, max_length=500)
    prefix: str = Field(default="", max_length=1024)
    parked_only: bool = True  # else also what was rejected, which is likely to be rejected again


@router.post("/api/documents/retry", status_code=202)
async def retry_documents(
    caller: Caller, services: ServicesOf, body: RetryBody | None = None
) -> dict[str, int]:
    """Ingest again whatever failed of the caller's own, for an administrator of everybody's."""
    wanted = body or RetryBody()
    retried = 0
    async for page in _pages(wanted, caller, services):
        failed = [each for each in page if _is_wanted(each, wanted, caller)]
        retried += sum(await asyncio.gather(*(_retry(each, services) for each in failed)))
    audit("documents_retried", actor=caller.user_id, reason=f"{retried} documents")
    return {"retried": retried}


@router.post("/api/documents/{document_id}/retry", status_code=202)
async def retry_document(document_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Ingest it again, from the start."""
    found = await changeable(document_id, caller, services)
    if found.status in _IN_WORK:
        raise Conflict("this document is being ingested already")
    if not await _retry(found, services):
        raise NotFound("there is no such document")
    audit("documents_retried", actor=caller.user_id, subject=found.id)
    return {"id": found.id, "name": display_name(found.name), "status": DocumentStatus.QUEUED}


async def _pages(wanted: RetryBody, caller: Principal, services: Services) -> AsyncIterator[list[Document]]:
    if wanted.ids is not None:
        yield list((await services.metadata.documents(wanted.ids)).values())
        return
    prefix = blob_prefix(wanted.prefix, caller)
    if not (prefix or caller.is_administrator):
        prefix = own_folder(caller.user_id)
    after: str | None = None
    while page := await services.metadata.list_documents(
        readers=None, after=after, limit=_PAGE, status=DocumentStatus.FAILED, prefix=prefix
    ):
        yield page
        after = page[-1].name


def _is_wanted(document: Document, wanted: RetryBody, caller: Principal) -> bool:
    if document.status is not DocumentStatus.FAILED or not may_retry(caller, document):
        return False
    return document.parked_event is not None or not wanted.parked_only


async def _retry(document: Document, services: Services) -> bool:
    """False if it was deleted meanwhile."""
    if not await services.metadata.requeue(document.id, now=time.time()):
        return False
    await send(document.parked_event or encode(StorageEvent(name=document.name)), services.queue)
    return True
