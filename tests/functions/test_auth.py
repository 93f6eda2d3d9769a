"""Accounts over HTTP, as a client of ours and as an OAuth2 client see them."""

from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from functions.api import build_api
from functions.dependencies import Runtime
from shared.settings import read_settings
from tests.planted import planted

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
PASSWORD = planted("password")
ADA = {"email": "ada@example.org", "password": PASSWORD}


def grant(**fields: str) -> dict[str, str]:
    return {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD, **fields}


async def test_register_sign_in_and_ask_who_i_am(http: httpx.AsyncClient) -> None:
    registered = await http.post("/api/auth/register", json=ADA)
    assert registered.status_code == 201
    account = registered.json()
    assert account == {"user_id": account["user_id"], "email": "ada@example.org", "is_administrator": True}
    signed_in = await http.post("/api/auth/token", data=grant())
    assert signed_in.status_code == 200
    assert signed_in.headers["cache-control"] == "no-store"
    session = signed_in.json()
    assert set(session) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (session["token_type"], session["expires_in"]) == ("bearer", 900)
    me = await http.get("/api/auth/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert me.json() == account | {
        "manages_organisation": False,
        "organisation": {"id": "default", "name": "Default"},
        "groups": [],
        "scopes": ["admin", "ingest", "query"],
    }


async def test_only_the_first_account_administers(http: httpx.AsyncClient) -> None:
    await http.post("/api/auth/register", json=ADA)
    second = await http.post("/api/auth/register", json={**ADA, "email": "bob@example.org"})
    assert second.json()["is_administrator"] is False


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ({**ADA, "email": "root@example.org"}, 409, "conflict"),
        ({**ADA, "email": "nonsense"}, 400, "invalid-request"),
        ({**ADA, "password": "short"}, 400, "invalid-request"),
        ({**ADA, "password": "x" * 129}, 400, "invalid-request"),
        ({**ADA, "password": "x" * 1001}, 422, "invalid-request"),
        ({**ADA, "is_administrator": True}, 422, "invalid-request"),
        ({"email": "ada@example.org"}, 422, "invalid-request"),
        ({**ADA, "password": 12345678}, 422, "invalid-request"),
        ({**ADA, "email": None}, 422, "invalid-request"),
        ([ADA], 422, "invalid-request"),
    ],
    ids=str,
)
async def test_a_registration_that_cannot_be_is_refused(
    http: httpx.AsyncClient, root: object, refused: Refused, body: object, status: int, name: str
) -> None:
    problem = refused(await http.post("/api/auth/register", json=body), status, name)
    assert PASSWORD not in str(problem)


async def test_closed_registration_beside_a_tenant_lets_nobody_in(runtime: Runtime, refused: Refused) -> None:
    settings = read_settings(
        data=runtime.settings.data,
        registration="closed",
        entra_tenant_id="0e0e0e0e-0000-4000-8000-000000000001",
        entra_audience="api://rag",
    )
    closed = Runtime(settings, runtime._open_services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(closed)), base_url="http://test"
    ) as http:
        account = {"email": "first@example.org", "password": PASSWORD}
        refused(await http.post("/api/auth/register", json=account), 403, "access-denied")
    await closed.close()


async def test_closed_registration_lets_only_the_first_account_in(runtime: Runtime, refused: Refused) -> None:
    closed = Runtime(read_settings(data=runtime.settings.data, registration="closed"), runtime._open_services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(closed)), base_url="http://test"
    ) as http:
        assert (await http.post("/api/auth/register", json=ADA)).status_code == 201
        refused(await http.post("/api/auth/register", json={**ADA, "email": "b@c.org"}), 403, "access-denied")
    await closed.close()


@pytest.mark.parametrize(
    ("form", "status", "name"),
    [
        (grant(password="wrong horse"), 401, "not-authenticated"),
        (grant(username="nobody@example.org"), 401, "not-authenticated"),
        (grant(grant_type="client_credentials"), 400, "invalid-request"),
        ({"grant_type": "password"}, 400, "invalid-request"),
        ({"grant_type": "refresh_token"}, 400, "invalid-request"),
        ({"grant_type": "refresh_token", "refresh_token": "never issued"}, 401, "not-authenticated"),
        (grant(password="x" * 1001), 422, "invalid-request"),
        ({}, 422, "invalid-request"),
    ],
    ids=str,
)
async def test_a_grant_that_cannot_be_is_refused(
    http: httpx.AsyncClient, refused: Refused, form: dict[str, str], status: int, name: str
) -> None:
    await http.post("/api/auth/register", json=ADA)
    response = await http.post("/api/auth/token", data=form)
    refused(response, status, name)
    assert response.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


async def test_wrong_and_unknown_differ_in_nothing_but_the_request(http: httpx.AsyncClient) -> None:
    await http.post("/api/auth/register", json=ADA)
    wrong = await http.post("/api/auth/token", data=grant(password="wrong horse"))
    unknown = await http.post("/api/auth/token", data=grant(username="nobody@example.org"))
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert set(wrong.headers) == set(unknown.headers)


async def test_a_refresh_token_gives_the_next_pair(http: httpx.AsyncClient, ada: Any) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh_token}
    renewed = (await http.post("/api/auth/token", data=form)).json()
    assert renewed["refresh_token"] != ada.refresh_token
    me = await http.get("/api/auth/me", headers={"Authorization": f"Bearer {renewed['access_token']}"})
    assert me.json()["email"] == ada.email


async def test_after_revoking_neither_token_opens_anything(
    http: httpx.AsyncClient, ada: Any, refused: Refused
) -> None:
    revoked = await http.post("/api/auth/revoke", data={"token": ada.refresh_token})
    assert (revoked.status_code, revoked.json()) == (200, {})
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh_token}
    refused(await http.post("/api/auth/token", data=form), 401, "not-authenticated")
    refused(await ada.http.get("/api/auth/me"), 401, "not-authenticated")


async def test_revoking_what_was_never_issued_is_fine(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/auth/revoke", data={"token": "never issued"})).status_code == 200


async def test_the_published_keys_verify_a_token(http: httpx.AsyncClient, ada: Any) -> None:
    published = await http.get("/.well-known/jwks.json")
    token = ada.http.headers["authorization"].removeprefix("Bearer ")
    key = jwt.PyJWKSet.from_dict(published.json())[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="rag")["sub"] == ada.user_id
    assert "d" not in published.json()["keys"][0]


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer " + "x" * 20_000]
)
async def test_without_a_valid_token_nothing_is_told(
    http: httpx.AsyncClient, refused: Refused, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await http.get("/api/auth/me", headers=headers)
    refused(response, 401, "not-authenticated")
    assert response.headers["www-authenticate"] == "Bearer"
