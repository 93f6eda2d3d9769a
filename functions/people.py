"""What the routes of organisations, users and groups share: who manages whom, and what may be a name."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from pydantic import AfterValidator, Field

from functions.dependencies import Caller
from shared.domain import Principal
from shared.errors import AccessDenied, NotFound
from shared.ingest.documents import is_writable
from shared.metadata_stores.base_people import PeopleStore

_NAME_CHARS = 100


def _name(given: str) -> str:
    name = unicodedata.normalize("NFC", given.strip())
    if not 1 <= len(name) <= _NAME_CHARS or not is_writable(name):
        raise ValueError(f"a name has 1 to {_NAME_CHARS} characters, none of them a control character")
    return name


Name = Annotated[str, Field(max_length=1000), AfterValidator(_name)]
OrganisationId = Annotated[str, Field(max_length=100)]


async def manager(caller: Caller) -> Principal:
    """Errors: `AccessDenied` for who manages nothing."""
    if not (caller.is_administrator or caller.manages_organisation):
        raise AccessDenied("this is for administrators")
    return caller


Manager = Annotated[Principal, Depends(manager)]


async def meant_organisation(given: str | None, caller: Principal, store: PeopleStore) -> str:
    """The id of the caller's own, unless an administrator of the installation gives another.

    Errors: `NotFound` for one that there is not and, for anybody else, one that is not theirs.
    """
    if given in (None, caller.organisation_id):
        return caller.organisation_id
    if caller.is_administrator and given in {each.id for each in await store.organisations()}:
        return given
    raise NotFound("there is no such organisation")


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
