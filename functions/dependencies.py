"""What a request is given: the services, and who is asking. Used by every route and trigger."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from functions.scopes import within_scope
from shared.auth import personal_tokens
from shared.domain import EVERY_SCOPE, Principal, Scope, Standing
from shared.errors import AccessDenied, NotAuthenticated
from shared.metadata_stores.base import MetadataStore
from shared.query.ledger import Ledger
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.metrics import Metrics

_bearer = OAuth2PasswordBearer(
    "/api/auth/token",
    refreshUrl="/api/auth/token",
    description="An access token, or a personal access token (`rag_…`) with the scope that the route takes.",
    auto_error=False,
)

OpenServices: TypeAlias = Callable[[Settings, Metrics], Awaitable[Services]]


class Runtime:
    """One process's settings, services and metrics. The services are opened at first use, once."""

    def __init__(self, settings: Settings, open_services: OpenServices) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.ledger = Ledger(self._metadata, prices=settings.chat_prices, metrics=self.metrics)
        self._open_services = open_services
        self._opening: asyncio.Task[Services] | None = None
        self._warming_up: threading.Thread | None = None

    def warm_up(self, work: Callable[[Settings], None]) -> None:
        """Begin work beside the start that opening the services would do otherwise, or wait for."""
        self._warming_up = threading.Thread(target=work, args=(self.settings,), name="warm up")
        self._warming_up.start()

    async def services(self) -> Services:
        """Errors: `ConfigError`, `BackendUnavailable`; the next call tries again.

        Who stops waiting does not stop the opening: others wait for the same one.
        """
        if self._opening is None or _has_failed(self._opening):
            self._opening = asyncio.ensure_future(self._open())
        opening = self._opening
        return opening.result() if opening.done() else await asyncio.shield(opening)

    async def close(self) -> None:
        """Close every plug; the next use opens them again."""
        await self.ledger.close()
        opening, self._opening = self._opening, None
        if opening is not None and not _has_failed(opening):
            await (await opening).close()

    async def _metadata(self) -> MetadataStore:
        return (await self.services()).metadata

    async def _open(self) -> Services:
        if self._warming_up is not None:
            await asyncio.to_thread(self._warming_up.join)
        return await self._open_services(self.settings, self.metrics)


def _has_failed(task: asyncio.Task[Services]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def runtime_of(request: Request) -> Runtime:  # a plain function would be called in a thread
    runtime: Runtime = request.app.state.runtime
    return runtime


# What these need they ask for themselves: FastAPI walks the whole tree of dependencies with every request.
async def services_of(request: Request) -> Services:
    return await (await runtime_of(request)).services()


async def principal(request: Request, token: Annotated[str | None, Depends(_bearer)]) -> Principal:
    """Who asks, as the metadata store knows them at this moment, or their tenant's token says.

    Errors: `NotAuthenticated`, also from the moment on that a session of ours was signed out, a personal
    access token revoked or an account disabled; `AccessDenied` past a personal access token's scopes.
    """
    if token is None:
        raise NotAuthenticated("sign in first: this needs a bearer token")
    services = await services_of(request)
    is_personal = personal_tokens.is_personal(token)
    caller = await (_machine if is_personal else _person)(token, services)
    request.state.actor = caller.user_id  # whom the audit trail names if something is refused
    return within_scope(caller, request) if is_personal else caller


async def _person(token: str, services: Services) -> Principal:
    if services.entra_tokens is not None and services.entra_tokens.recognises(token):
        return await services.entra_tokens.verify(token)
    claimed = await services.access_tokens.verify(token)
    standing = await services.metadata.session_standing(claimed.user_id, claimed.family_id, now=time.time())
    if standing is None:
        raise NotAuthenticated("the session has ended; sign in again")
    return _as_known(standing, family_id=claimed.family_id)


async def _machine(token: str, services: Services) -> Principal:
    known = await personal_tokens.verify(token, tokens=services.metadata)
    standing = await services.metadata.standing(known.user_id)
    if standing is None:
        raise NotAuthenticated(personal_tokens.REFUSED)
    return _as_known(standing, scopes=known.scopes)


def _as_known(
    standing: Standing, *, family_id: str = "", scopes: frozenset[Scope] = EVERY_SCOPE
) -> Principal:
    user = standing.user
    return Principal(
        user_id=user.id,
        email=user.email,
        is_administrator=user.is_administrator,
        manages_organisation=user.manages_organisation,
        family_id=family_id,
        organisation_id=user.organisation_id,
        groups=standing.groups,
        scopes=scopes,
    )


async def administrator(caller: Annotated[Principal, Depends(principal)]) -> Principal:
    if not caller.is_administrator:
        raise AccessDenied("this is for administrators")
    return caller


RuntimeOf = Annotated[Runtime, Depends(runtime_of)]
ServicesOf = Annotated[Services, Depends(services_of)]
Caller = Annotated[Principal, Depends(principal)]
