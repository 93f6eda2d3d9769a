"""Users over HTTP, for who administers them: list, make, change, end their sessions."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.dependencies import ServicesOf
from functions.people import Manager, OrganisationId, meant_organisation, moment
from shared.auth import administration
from shared.auth.access import may_manage
from shared.auth.administration import Changes
from shared.domain import Principal, User
from shared.errors import NotFound
from shared.metadata_stores.base import MetadataStore

router = APIRouter(tags=["people"])

_Password = Annotated[str, Field(max_length=1000)]
_Claim = Annotated[bool, Field(strict=True)]


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=1000)
    password: _Password | None = None
    organisation_id: OrganisationId | None = None


class UserBody(BaseModel):
    """What is not given stays."""

    model_config = ConfigDict(extra="forbid")

    is_disabled: _Claim | None = None
    is_administrator: _Claim | None = None
    manages_organisation: _Claim | None = None
    password: _Password | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "UserBody":
        if all(value is None for value in self.__dict__.values()):
            raise ValueError("give what is to be changed")
        return self


@router.get("/api/users")
async def list_users(
    caller: Manager,
    services: ServicesOf,
    organisation_id: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    """By e-mail address: those of the organisation that the caller manages; for an administrator of the
    installation everybody, or those of one organisation."""
    meant: str | None = None
    if organisation_id is not None or not caller.is_administrator:
        meant = await meant_organisation(organisation_id, caller, services.metadata)
    return {"users": [_json(user) for user in await services.metadata.list_users(organisation_id=meant)]}


@router.post("/api/users", status_code=201)
async def create_user(body: NewUser, caller: Manager, services: ServicesOf) -> dict[str, Any]:
    """Make an account. Without a password it gets one, which is shown this once."""
    meant = await meant_organisation(body.organisation_id, caller, services.metadata)
    made, password = await administration.create_account(
        body.email,
        body.password,
        organisation_id=meant,
        actor=caller,
        store=services.metadata,
        passwords=services.passwords,
    )
    return _json(made) | ({} if password is None else {"password": password})


@router.get("/api/users/{user_id}")
async def user(user_id: str, caller: Manager, services: ServicesOf) -> dict[str, Any]:
    """One account."""
    return _json(await _managed(user_id, caller, services.metadata))


@router.patch("/api/users/{user_id}")
async def update_user(user_id: str, body: UserBody, caller: Manager, services: ServicesOf) -> dict[str, Any]:
    """Disable or enable it, say what it administers, set its password; that, and to disable it, ends its
    sessions."""
    changed = await administration.change_account(
        await _managed(user_id, caller, services.metadata),
        Changes(**body.model_dump()),
        actor=caller,
        store=services.metadata,
        passwords=services.passwords,
    )
    return _json(changed)


@router.delete("/api/users/{user_id}/sessions", status_code=204)
async def end_user_sessions(user_id: str, caller: Manager, services: ServicesOf) -> None:
    """Sign them out everywhere: sessions end, and personal access tokens are revoked."""
    found = await _managed(user_id, caller, services.metadata)
    await administration.end_sessions(found, actor=caller, store=services.metadata)


async def _managed(user_id: str, caller: Principal, store: MetadataStore) -> User:
    """Errors: one `NotFound` for an unknown one and one of another organisation."""
    found = await store.user(user_id)
    if found is None or not may_manage(caller, found.organisation_id):
        raise NotFound("there is no such user")
    return found


def _json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "organisation_id": user.organisation_id,
        "is_administrator": user.is_administrator,
        "manages_organisation": user.manages_organisation,
        "is_disabled": user.is_disabled,
        "created_at": moment(user.created_at),
    }
