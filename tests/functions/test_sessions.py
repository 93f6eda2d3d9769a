"""Sessions, the password and the limits of one address over HTTP."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from functions.api import build_api
from functions.dependencies import Runtime
from shared.domain import RefreshToken
from shared.services import Services
from shared.settings import read_settings
from tests.planted import planted

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
PASSWORD, LONGER = planted("password"), planted("longer password")
ADA = {"email": "ada@example.org", "password": PASSWORD}


async def sign_in(
    http: httpx.AsyncClient, password: str = PASSWORD, *, email: str = ADA["email"], **headers: str
) -> httpx.Response:
    form = {"grant_type": "password", "username": email, "password": password}
    return await http.post("/api/auth/token", data=form, headers=headers)


async def bearer(http: httpx.AsyncClient, password: str = PASSWORD, **headers: str) -> dict[str, str]:
    """Signed in anew; the headers that say so."""
    response = await sign_in(http, password, **headers)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


async def listed(http: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    response = await http.get("/api/auth/sessions", headers=headers)
    assert response.status_code == 200, response.text
    sessions: list[dict[str, Any]] = response.json()["sessions"]
    return sessions


@pytest.fixture
async def account(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/auth/register", json=ADA)).status_code == 201


@pytest.mark.usefixtures("account")
async def test_a_user_sees_where_they_are_signed_in(http: httpx.AsyncClient) -> None:
    await bearer(http, **{"User-Agent": "rag/1.0"})
    here = await bearer(http, **{"User-Agent": "Firefox\x1b[31m " + "x" * 500})
    sessions = await listed(http, here)
    assert [(session["client"][:20], session["is_current"]) for session in sessions] == [
        ("Firefox[31m " + "x" * 8, True),
        ("rag/1.0", False),
    ]
    assert len(sessions[0]["client"]) == 100
    assert set(sessions[0]) == {"id", "began_at", "used_at", "ends_at", "client", "is_current"}
    assert sessions[0]["began_at"] <= sessions[0]["used_at"] < sessions[0]["ends_at"]


async def test_the_hundred_sessions_used_last_are_told(ada: Any, services: Services) -> None:
    for number in range(120):
        link = RefreshToken(
            token_hash=f"hash {number}",
            family_id=f"family {number}",
            user_id=ada.user_id,
            issued_at=float(number),
            expires_at=9e9,
        )
        assert await services.metadata.add_refresh_token(link)
    sessions = await listed(ada.http, {})
    assert [session["is_current"] for session in sessions] == [True] + [False] * 99
    assert sessions[-1]["id"] == "family 21"
    assert (await ada.http.delete("/api/auth/sessions/family 0")).status_code == 204


async def test_sessions_last_as_long_as_the_settings_say(runtime: Runtime) -> None:
    settings = read_settings(data=runtime.settings.data, refresh_token_days=30, session_days=1)
    brief = Runtime(settings, runtime._open_services)
    transport = httpx.ASGITransport(build_api(brief))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        await http.post("/api/auth/register", json=ADA)
        (session,) = await listed(http, await bearer(http))
    await brief.close()
    assert datetime.fromisoformat(session["ends_at"]) - datetime.fromisoformat(
        session["began_at"]
    ) == timedelta(days=1)


@pytest.mark.usefixtures("account")
async def test_a_session_that_was_ended_elsewhere_opens_nothing(
    http: httpx.AsyncClient, refused: Refused
) -> None:
    there, here = await bearer(http), await bearer(http)
    other = next(session for session in await listed(http, here) if not session["is_current"])
    assert (await http.delete(f"/api/auth/sessions/{other['id']}", headers=here)).status_code == 204
    refused(await http.get("/api/auth/me", headers=there), 401, "not-authenticated")
    assert len(await listed(http, here)) == 1


async def test_somebody_elses_session_is_unknown(http: httpx.AsyncClient, ada: Any, bob: Any) -> None:
    foreign = (await bob.http.get("/api/auth/sessions")).json()["sessions"][0]["id"]
    told = [await ada.http.delete(f"/api/auth/sessions/{each}") for each in (foreign, "unknown")]
    assert [each.status_code for each in told] == [404, 404]
    assert {**told[0].json(), "request_id": ""} == {**told[1].json(), "request_id": ""}
    assert len((await bob.http.get("/api/auth/sessions")).json()["sessions"]) == 1


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("query", "left"), [("", 0), ("?others=true", 1)])
async def test_signing_out_everywhere(
    http: httpx.AsyncClient, refused: Refused, query: str, left: int
) -> None:
    there, here = await bearer(http), await bearer(http)
    assert (await http.delete(f"/api/auth/sessions{query}", headers=here)).status_code == 204
    refused(await http.get("/api/auth/me", headers=there), 401, "not-authenticated")
    assert (await http.get("/api/auth/me", headers=here)).is_success == bool(left)
    assert len(await listed(http, await bearer(http))) == left + 1


@pytest.mark.usefixtures("account")
async def test_a_changed_password_opens_and_the_old_one_does_not(
    http: httpx.AsyncClient, refused: Refused
) -> None:
    there, here = await bearer(http), await bearer(http)
    change = {"current_password": PASSWORD, "new_password": LONGER}
    assert (await http.put("/api/auth/password", json=change, headers=here)).status_code == 204
    refused(await http.get("/api/auth/me", headers=there), 401, "not-authenticated")
    assert (await http.get("/api/auth/me", headers=here)).is_success
    refused(await sign_in(http), 401, "not-authenticated")
    assert (await sign_in(http, LONGER)).is_success


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"current_password": "wrong horse", "new_password": LONGER}, 403, "access-denied"),
        ({"current_password": PASSWORD, "new_password": "short"}, 400, "invalid-request"),
        ({"current_password": PASSWORD, "new_password": "password123"}, 400, "invalid-request"),
        ({"current_password": PASSWORD, "new_password": "ADA@example.org"}, 400, "invalid-request"),
        ({"current_password": PASSWORD, "new_password": "x" * 1001}, 422, "invalid-request"),
        ({"new_password": LONGER}, 422, "invalid-request"),
        ({"current_password": PASSWORD, "new_password": LONGER, "user_id": "x"}, 422, "invalid-request"),
    ],
    ids=str,
)
async def test_a_change_that_cannot_be_is_refused(
    http: httpx.AsyncClient, refused: Refused, change: dict[str, str], status: int, name: str
) -> None:
    headers = await bearer(http)
    refused(await http.put("/api/auth/password", json=change, headers=headers), status, name)
    assert (await sign_in(http)).is_success


@pytest.mark.parametrize("password", ["password1", "Iloveyou1", "ada@example.org", "rag functions"])
async def test_nobody_registers_with_a_password_that_is_guessed_first(
    http: httpx.AsyncClient, refused: Refused, password: str
) -> None:
    problem = refused(
        await http.post("/api/auth/register", json={**ADA, "password": password}), 400, "invalid-request"
    )
    assert password not in str(problem)


@pytest.fixture
async def limited(runtime: Runtime) -> AsyncIterator[Callable[[str, int], httpx.AsyncClient]]:
    """A client at an address, of an API with tight limits behind this many proxies."""
    opened: list[Any] = []

    def limited(peer: str, hops: int) -> httpx.AsyncClient:
        if not opened:
            settings = read_settings(
                data=runtime.settings.data, registrations_per_hour=2, failed_sign_ins=3, forwarded_hops=hops
            )
            opened.append(Runtime(settings, runtime._open_services))
        app: FastAPI = build_api(opened[0])
        transport = httpx.ASGITransport(app, client=(peer, 1234))
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://test"))
        return opened[-1]

    yield limited
    for each in opened[1:]:
        await each.aclose()
    await opened[0].close()


Limited = Callable[[str, int], httpx.AsyncClient]


async def guess(http: httpx.AsyncClient, number: int, **headers: str) -> httpx.Response:
    """Each at another account, as who sprays a password does."""
    return await sign_in(http, "wrong horse", email=f"user{number}@example.org", **headers)


async def test_an_address_that_fails_too_often_has_to_wait_and_others_do_not(
    limited: Limited, refused: Refused
) -> None:
    sprayer, other = limited("192.0.2.1", 0), limited("192.0.2.2", 0)
    assert (await other.post("/api/auth/register", json=ADA)).status_code == 201
    for number in range(3):
        refused(await guess(sprayer, number), 401, "not-authenticated")
    response = await sign_in(sprayer)
    refused(response, 429, "rate-limited")
    assert 1 <= int(response.headers["retry-after"]) <= 900
    for _ in range(5):
        assert (await sign_in(other)).is_success, "what succeeds is not counted"


async def test_an_address_registers_so_many_accounts_in_an_hour(limited: Limited, refused: Refused) -> None:
    here, there = limited("192.0.2.1", 0), limited("192.0.2.2", 0)
    for status in (201, 409):
        assert (await here.post("/api/auth/register", json=ADA)).status_code == status
    response = await here.post("/api/auth/register", json={**ADA, "email": "b@example.org"})
    refused(response, 429, "rate-limited")
    assert 1 <= int(response.headers["retry-after"]) <= 3600
    assert (await there.post("/api/auth/register", json={**ADA, "email": "b@example.org"})).is_success


@pytest.mark.parametrize("hops", [0, 1])
async def test_invented_forwarding_neither_evades_the_limit_nor_frames_others(
    limited: Limited, refused: Refused, hops: int
) -> None:
    """With a proxy in front, which adds the address that it sees, and without one."""
    proxied = ", 192.0.2.1" if hops else ""
    sprayer = limited("10.0.0.1" if hops else "192.0.2.1", hops)
    for number in range(3):
        invented = {"X-Forwarded-For": f"198.51.100.{number}{proxied}"}
        refused(await guess(sprayer, number, **invented), 401, "not-authenticated")
    another = {"X-Forwarded-For": f"198.51.100.77{proxied}"}
    refused(await guess(sprayer, 3, **another), 429, "rate-limited")
    framed = {"X-Forwarded-For": "198.51.100.0"} if hops else {}
    refused(
        await guess(limited("10.0.0.1" if hops else "198.51.100.0", hops), 4, **framed),
        401,
        "not-authenticated",
    )
