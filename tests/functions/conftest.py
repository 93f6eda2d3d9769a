"""The API over real local stores on a folder of the test's own, spoken to over ASGI."""

import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Match

from functions.api import build_api
from functions.dependencies import Runtime
from functions.shapes import SHAPES
from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.compose import plugs
from shared.domain import DEFAULT_ORGANISATION, Organisation, RefreshToken, User
from shared.services import Limits, Services
from shared.settings import Settings, read_settings
from shared.shelf import Chunking, IndexShelf
from shared.telemetry.metrics import Metrics

MAX_FILE = 256 * 1024
_DIMENSION = 8


class NotNeeded:
    """Stands where an embedder, a model and the parsers would: these routes must not touch them."""

    name = "none"
    dimension = _DIMENSION

    async def close(self) -> None:
        pass


async def open_without_models(settings: Settings, metrics: Metrics) -> Services:
    """The services of the local profile but for what loads weights or starts processes."""
    passwords = Passwords()
    not_needed = cast("Any", NotNeeded())
    secrets = plugs.open_secret_store(settings)
    metadata = plugs.open_metadata_store(settings)
    return Services(
        shelf=IndexShelf(
            base="documents",
            indexes=plugs.open_search_indexes(settings),
            versions=metadata,
            embedder=not_needed,
            open_embedder=lambda name, dimension: not_needed,
            chunking=Chunking(),
        ),
        embedder=not_needed,
        chat_model=not_needed,
        fallback_chat_model=not_needed,
        metadata=metadata,
        blobs=plugs.open_blob_store(settings),
        queue=plugs.open_event_queue(settings),
        cache=plugs.open_cache(settings),
        secrets=secrets,
        parsers=not_needed,
        access_tokens=AccessTokens(
            keys=KeyRing(secrets, "jwt-signing-key"), issuer="rag", audience="rag", lifetime=900
        ),
        passwords=passwords,
        count_tokens=len,
        limits=Limits(max_file_bytes=MAX_FILE),
        metrics=metrics,
    )


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is signed in."""

    http: httpx.AsyncClient
    user_id: str
    email: str
    refresh_token: str

    async def upload(self, path: str, content: bytes = b"# Notes\n") -> dict[str, Any]:
        response = await self.http.put(f"/api/documents/{path}", content=content)
        assert response.status_code == 202, response.text
        return cast("dict[str, Any]", response.json())

    async def names(self, **parameters: str | int) -> list[str]:
        response = await self.http.get("/api/documents", params=parameters)
        assert response.status_code == 200, response.text
        return [document["name"] for document in response.json()["documents"]]


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    runtime = Runtime(read_settings(data=tmp_path / "rag"), open_without_models)
    yield runtime
    await runtime.close()


@pytest.fixture
async def services(runtime: Runtime) -> Services:
    return await runtime.services()


@pytest.fixture
def api(runtime: Runtime) -> FastAPI:
    return build_api(runtime)


@pytest.fixture
async def http(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody: no token is sent."""
    async with client(api) as http:
        yield http


def client(api: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Every answer that it gets is held against what is described."""

    async def as_described(response: httpx.Response) -> None:
        if not (response.is_success and response.headers.get("content-type") == "application/json"):
            return
        scope = {"type": "http", "method": response.request.method, "path": response.request.url.path}
        names = [route.name for route in api.router.routes if route.matches(scope)[0] is Match.FULL]  # type: ignore[attr-defined]
        if names and names[0] in SHAPES:
            SHAPES[names[0]].model_validate_json(await response.aread())

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api),
        base_url="http://test",
        headers=headers,
        event_hooks={"response": [as_described]},
    )


@pytest.fixture
async def sign_up(api: FastAPI, services: Services) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
    """Makes an account with a session, without the work that a password takes; the first administers."""
    opened: list[httpx.AsyncClient] = []

    async def sign_up(
        name: str, *, organisation_id: str = DEFAULT_ORGANISATION, manages_organisation: bool = False
    ) -> Person:
        email, secret, now = f"{name}@example.org", f"refresh-token-of-{name}", time.time()
        user = User(
            id=f"id-of-{name}",
            email=email,
            password_hash="",
            is_administrator=False,
            created_at=now,
            organisation_id=organisation_id,
            manages_organisation=manages_organisation,
        )
        stored = await services.metadata.add_user(user, first_is_administrator=True)
        assert stored is not None
        link = RefreshToken(
            token_hash=hashlib.sha256(secret.encode()).hexdigest(),
            family_id=f"family-of-{name}",
            user_id=stored.id,
            issued_at=now,
            expires_at=now + 3600,
        )
        assert await services.metadata.add_refresh_token(link)
        token = await services.access_tokens.issue(stored, link.family_id)
        opened.append(client(api, Authorization=f"Bearer {token}"))
        return Person(http=opened[-1], user_id=stored.id, email=email, refresh_token=secret)

    yield sign_up
    for each in opened:
        await each.aclose()


@pytest.fixture
async def root(sign_up: Callable[[str], Awaitable[Person]]) -> Person:
    return await sign_up("root")


@pytest.fixture
async def ada(root: Person, sign_up: Callable[[str], Awaitable[Person]]) -> Person:
    """Administers nothing."""
    return await sign_up("ada")


@pytest.fixture
async def bob(root: Person, sign_up: Callable[[str], Awaitable[Person]]) -> Person:
    """Administers nothing."""
    return await sign_up("bob")


@pytest.fixture
async def acme(root: Person, services: Services) -> str:
    """The id of a second organisation."""
    organisation = Organisation(id="a" * 32, name="Acme", created_at=1.0)
    assert await services.metadata.add_organisation(organisation)
    return organisation.id


@pytest.fixture
async def zoe(acme: str, sign_up: Callable[..., Awaitable[Person]]) -> Person:
    """Of the second organisation, which she manages."""
    return await sign_up("zoe", organisation_id=acme, manages_organisation=True)


@pytest.fixture
async def yan(acme: str, sign_up: Callable[..., Awaitable[Person]]) -> Person:
    """Of the second organisation."""
    return await sign_up("yan", organisation_id=acme)


@pytest.fixture
async def mia(root: Person, sign_up: Callable[..., Awaitable[Person]]) -> Person:
    """Manages the default organisation."""
    return await sign_up("mia", manages_organisation=True)


@pytest.fixture
def refused() -> Callable[[httpx.Response, int, str], dict[str, Any]]:
    """Checks that a response is a whole problem of this status and name; the problem."""

    def refused(response: httpx.Response, status: int, name: str) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        is_dialect = response.url.path.startswith(("/api/chat", "/api/v1/"))
        members = {"type", "title", "status", "detail", "request_id"}
        assert set(problem) == members | ({"error"} if is_dialect else set())
        assert problem["type"] == f"urn:rag:problem:{name}"
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == response.headers["x-request-id"]
        return problem

    return refused
