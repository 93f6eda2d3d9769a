"""Personal access tokens over HTTP: list one's own, make one, revoke one."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, RuntimeOf, ServicesOf
from functions.people import Name, moment
from shared.auth import personal_tokens
from shared.domain import PersonalToken, Scope
from shared.errors import InvalidRequest
from shared.telemetry.audit import audit

router = APIRouter(tags=["accounts"])

_DAY = 24 * 3600.0  # seconds
_MOST_DAYS = 366


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=3)
    expires_in_days: int = Field(ge=1, le=_MOST_DAYS, strict=True)


@router.get("/api/auth/tokens")
async def list_tokens(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """The caller's personal access tokens, expired ones too, by name; never the tokens themselves."""
    own = await services.metadata.personal_tokens(caller.user_id)
    return {"tokens": [_json(token) for token in own]}


@router.post("/api/auth/tokens", status_code=201)
async def create_personal_token(
    body: NewToken, caller: Caller, runtime: RuntimeOf, services: ServicesOf
) -> dict[str, Any]:
    """Make a token for a machine, which acts as the caller within the scopes. It is shown this once."""
    most = runtime.settings.personal_token_days
    if body.expires_in_days > most:
        raise InvalidRequest(f"a personal access token lasts {most} days at the most")
    token, stored = await personal_tokens.create(
        body.name,
        body.scopes,
        body.expires_in_days * _DAY,
        owner=caller,
        tokens=services.metadata,
    )
    audit("token_created", actor=caller.user_id, subject=stored.id)
    return _json(stored) | {"token": token}


@router.delete("/api/auth/tokens/{token_id}", status_code=204)
async def revoke_personal_token(token_id: str, caller: Caller, services: ServicesOf) -> None:
    """From the next request on it is refused."""
    await personal_tokens.revoke(token_id, owner=caller, tokens=services.metadata)
    audit("token_revoked", actor=caller.user_id, subject=token_id)


def _json(token: PersonalToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
    }
