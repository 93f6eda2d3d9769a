"""Organisations over HTTP, for administrators of the installation: list, make, rename, remove."""

import time
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from functions.dependencies import Caller, ServicesOf, administrator
from functions.people import Name, moment
from shared.domain import FolderDefault, Organisation
from shared.errors import Conflict, NotFound
from shared.ingest.documents import organisation_folder
from shared.metadata_stores.base import MetadataStore
from shared.telemetry.audit import audit

router = APIRouter(tags=["people"], dependencies=[Depends(administrator)])

_TAKEN = "another organisation has this name"


class OrganisationBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name


@router.get("/api/organisations")
async def list_organisations(services: ServicesOf) -> dict[str, Any]:
    """All of them, by name."""
    return {"organisations": [_json(each) for each in await services.metadata.organisations()]}


@router.post("/api/organisations", status_code=201)
async def create_organisation(body: OrganisationBody, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Its people share with one another, and see nothing of others."""
    made = Organisation(id=uuid4().hex, name=body.name, created_at=time.time())
    if not await services.metadata.add_organisation(made):
        raise Conflict(_TAKEN)
    audit("organisation_changed", actor=caller.user_id, subject=made.id, reason="created")
    return _json(made)


@router.patch("/api/organisations/{organisation_id}")
async def rename_organisation(
    organisation_id: str, body: OrganisationBody, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """Give it another name."""
    found = await _found(organisation_id, services.metadata)
    if not await services.metadata.rename_organisation(found.id, body.name):
        raise Conflict(_TAKEN)
    audit("organisation_changed", actor=caller.user_id, subject=found.id, reason="renamed")
    return _json(await _found(organisation_id, services.metadata))


@router.delete("/api/organisations/{organisation_id}", status_code=204)
async def delete_organisation(organisation_id: str, caller: Caller, services: ServicesOf) -> None:
    """One without users and documents; its groups and folder defaults go with it."""
    store = services.metadata
    found = await _found(organisation_id, store)
    folder = organisation_folder(found.id)
    if await store.list_documents(readers=None, prefix=folder, limit=1):
        raise Conflict(f"documents lie under {folder}; delete them first")
    if not await store.remove_organisation(found.id):
        raise Conflict("it has users, who stay in it for good, or is the one that there always is")
    for default in await store.list_folder_defaults(prefix=folder):
        await store.set_folder_default(FolderDefault(folder=default.folder, readers=frozenset()))
    audit("organisation_changed", actor=caller.user_id, subject=found.id, reason="removed")


async def _found(organisation_id: str, store: MetadataStore) -> Organisation:
    for each in await store.organisations():
        if each.id == organisation_id:
            return each
    raise NotFound("there is no such organisation")


def _json(organisation: Organisation) -> dict[str, Any]:
    return {
        "id": organisation.id,
        "name": organisation.name,
        "created_at": moment(organisation.created_at),
    }
