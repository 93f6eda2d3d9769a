"""Groups over HTTP. Everyone sees those of their organisation, to share with; who manages it changes them."""

import re
import time
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict

from functions.dependencies import Caller, ServicesOf
from functions.people import Manager, Name, OrganisationId, meant_organisation, moment
from shared.auth.access import may_manage
from shared.domain import Group, Principal
from shared.errors import AccessDenied, Conflict, NotFound
from shared.metadata_stores.base import MetadataStore
from shared.metadata_stores.base_people import name_key
from shared.telemetry.audit import audit

router = APIRouter(tags=["people"])

_TAKEN = "another group of the organisation has this name"
_ID = re.compile(r"[0-9a-fA-F-]{32,36}")


def _no_id(name: str) -> str:
    if _ID.fullmatch(name_key(name)):
        raise ValueError("a group's name may not look like an id: sharing takes both")
    return name


_GroupName = Annotated[Name, AfterValidator(_no_id)]


class NewGroup(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _GroupName
    organisation_id: OrganisationId | None = None


class GroupBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _GroupName


@router.get("/api/groups")
async def list_groups(
    caller: Caller, services: ServicesOf, organisation_id: Annotated[str | None, Query(max_length=100)] = None
) -> dict[str, Any]:
    """Those of the caller's organisation, by name; an administrator may ask for another's."""
    meant = await meant_organisation(organisation_id, caller, services.metadata)
    return {"groups": [_json(group, caller) for group in await services.metadata.groups(meant)]}


@router.post("/api/groups", status_code=201)
async def create_group(body: NewGroup, caller: Manager, services: ServicesOf) -> dict[str, Any]:
    """Make a group, with nobody in it yet."""
    meant = await meant_organisation(body.organisation_id, caller, services.metadata)
    made = Group(id=uuid4().hex, organisation_id=meant, name=body.name, created_at=time.time())
    if not await services.metadata.add_group(made):
        raise Conflict(_TAKEN)
    _audit("created", made, caller)
    return _json(made, caller)


@router.get("/api/groups/{group_id}")
async def group(group_id: str, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """One group and, for who manages it, its members."""
    found = await _visible(group_id, caller, services.metadata)
    shown = _json(found, caller)
    if may_manage(caller, found.organisation_id):
        members = await services.metadata.members(found.id)
        shown["members"] = [{"id": user.id, "email": user.email} for user in members]
    return shown


@router.patch("/api/groups/{group_id}")
async def rename_group(
    group_id: str, body: GroupBody, caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """What is shared with it stays shared."""
    found = await _managed(group_id, caller, services.metadata)
    if not await services.metadata.rename_group(found.id, body.name):
        raise Conflict(_TAKEN)
    _audit("renamed", found, caller)
    return _json(await _visible(group_id, caller, services.metadata), caller)


@router.delete("/api/groups/{group_id}", status_code=204)
async def delete_group(group_id: str, caller: Caller, services: ServicesOf) -> None:
    """Nobody reads anything by it any more."""
    found = await _managed(group_id, caller, services.metadata)
    await services.metadata.remove_group(found.id)
    _audit("removed", found, caller)


@router.put("/api/groups/{group_id}/members/{user_id}", status_code=204)
async def add_member(group_id: str, user_id: str, caller: Caller, services: ServicesOf) -> None:
    """Somebody of the group's organisation, who reads from now on what is shared with it."""
    found = await _managed(group_id, caller, services.metadata)
    if not await services.metadata.add_member(found.id, user_id):
        raise NotFound("there is no such user")
    _audit("member added", found, caller, user_id)


@router.delete("/api/groups/{group_id}/members/{user_id}", status_code=204)
async def remove_member(group_id: str, user_id: str, caller: Caller, services: ServicesOf) -> None:
    """They read no more, from now on, what is shared with the group."""
    found = await _managed(group_id, caller, services.metadata)
    if not await services.metadata.remove_member(found.id, user_id):
        raise NotFound("there is no such user")
    _audit("member removed", found, caller, user_id)


async def _visible(group_id: str, caller: Principal, store: MetadataStore) -> Group:
    found = await store.group(group_id)
    if found is not None and (found.organisation_id == caller.organisation_id or caller.is_administrator):
        return found
    raise NotFound("there is no such group")


async def _managed(group_id: str, caller: Principal, store: MetadataStore) -> Group:
    found = await _visible(group_id, caller, store)
    if not may_manage(caller, found.organisation_id):
        raise AccessDenied("this is for administrators")
    return found


def _audit(what: str, group: Group, caller: Principal, *others: str) -> None:
    audit("group_changed", actor=caller.user_id, subject=" ".join([group.id, *others]), reason=what)


def _json(group: Group, caller: Principal) -> dict[str, Any]:
    return {
        "id": group.id,
        "organisation_id": group.organisation_id,
        "name": group.name,
        "is_member": group.id in caller.groups,
        "created_at": moment(group.created_at),
    }
