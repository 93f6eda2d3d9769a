"""Accounts over HTTP: register, tokens (OAuth2 password and refresh grants), revoke, me, keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, Runtime, RuntimeOf, ServicesOf
from functions.limits import client_address
from shared.auth import guesses, sessions
from shared.auth.sessions import Lifetimes, Tokens
from shared.errors import InvalidRequest
from shared.services import Services
from shared.telemetry.audit import pseudonym

router = APIRouter(tags=["accounts"])

_HOUR, _DAY = 3600.0, 24 * 3600.0  # seconds
_MOST_OF_A_CLIENT = 100  # characters
_Secret = Annotated[str | None, Field(max_length=1000)]


class Registration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=1000)
    password: str = Field(max_length=1000)


class Grant(BaseModel):
    """OAuth2's fields; others, such as `client_id` and `scope`, are let through and not used."""

    grant_type: str = Field(max_length=100)
    username: _Secret = None
    password: _Secret = None
    refresh_token: _Secret = None


@router.post("/api/auth/register", status_code=201)
async def register(
    body: Registration, request: Request, runtime: RuntimeOf, services: ServicesOf
) -> dict[str, Any]:
    """Make an account. The first one of an empty store is the administrator."""
    request.state.actor = pseudonym(body.email)
    await guesses.count_attempt(
        "register",
        client_address(request, runtime.settings.forwarded_hops),
        most=runtime.settings.registrations_per_hour,
        window=_HOUR,
        cache=services.cache,
    )
    user = await sessions.register(
        body.email,
        body.password,
        users=services.metadata,
        passwords=services.passwords,
        is_open=runtime.settings.registration == "open",
        needs_administrator=runtime.settings.entra_tenant_id is None,
    )
    return {"user_id": user.id, "email": user.email, "is_administrator": user.is_administrator}


@router.post("/api/auth/token")
async def create_token(
    form: Annotated[Grant, Form()],
    request: Request,
    response: Response,
    runtime: RuntimeOf,
    services: ServicesOf,
) -> dict[str, Any]:
    """Sign in (`grant_type=password`) or go on (`grant_type=refresh_token`)."""
    tokens = await _tokens(form, request, runtime, services)
    response.headers["Pragma"] = "no-cache"  # RFC 6749 §5.1
    return {
        "access_token": tokens.access_token,
        "token_type": "bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
        "scope": "",
    }


@router.post("/api/auth/revoke")
async def revoke_token(token: Annotated[str, Form(max_length=1000)], services: ServicesOf) -> dict[str, Any]:
    """Sign out: end the session that this refresh token belongs to."""
    await sessions.sign_out(token, store=services.metadata)
    return {}


@router.get("/api/auth/me")
async def me(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Who am I, and what may this token be used for?"""
    organisations = {each.id: each.name for each in await services.metadata.organisations()}
    names = {group.id: group.name for group in await services.metadata.groups(caller.organisation_id)}
    return {
        "user_id": caller.user_id,
        "email": caller.email,
        "is_administrator": caller.is_administrator,
        "manages_organisation": caller.manages_organisation,
        "organisation": {"id": caller.organisation_id, "name": organisations.get(caller.organisation_id)},
        "groups": sorted(names.get(group, group) for group in caller.groups),  # a tenant's have ids alone
        "scopes": sorted(caller.scopes),
    }


@router.get("/.well-known/jwks.json")
async def jwks(services: ServicesOf) -> dict[str, Any]:
    """The public keys that access tokens are signed with."""
    return {**await services.access_tokens.jwks()}


async def _tokens(form: Grant, request: Request, runtime: Runtime, services: Services) -> Tokens:
    lifetimes = Lifetimes(
        idle=runtime.settings.refresh_token_days * _DAY, whole=runtime.settings.session_days * _DAY
    )
    if form.grant_type == "password" and form.username is not None and form.password is not None:
        request.state.actor = pseudonym(form.username)
        counter = await guesses.count_attempt(
            "sign-in",
            client_address(request, runtime.settings.forwarded_hops),
            most=runtime.settings.failed_sign_ins,
            window=guesses.WINDOW,
            cache=services.cache,
        )
        signed_in = await sessions.sign_in(
            form.username,
            form.password,
            store=services.metadata,
            passwords=services.passwords,
            tokens=services.access_tokens,
            cache=services.cache,
            lifetimes=lifetimes,
            client=_client(request),
        )
        await guesses.take_back(counter, services.cache)
        return signed_in
    if form.grant_type == "refresh_token" and form.refresh_token is not None:
        return await sessions.refresh(
            form.refresh_token,
            store=services.metadata,
            tokens=services.access_tokens,
            lifetimes=lifetimes,
        )
    raise InvalidRequest(
        "send grant_type=password with username and password, or grant_type=refresh_token with refresh_token"
    )


def _client(request: Request) -> str:
    """What it calls itself, for the list of sessions; nothing that could turn or break a line."""
    told = request.headers.get("user-agent", "")
    return "".join(filter(str.isprintable, told))[:_MOST_OF_A_CLIENT].strip()
