"""Users over HTTP: who administers them, what ends their sessions, and what nobody may do to themselves."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.services import Services
from tests.planted import planted

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
FIELDS = {
    *("id", "email", "organisation_id", "is_administrator", "manages_organisation", "is_disabled"),
    "created_at",
}
GOOD = planted("longer password")


def path_of(person: Any, rest: str = "") -> str:
    return f"/api/users/{person.user_id}{rest}"


async def signs_in(http: httpx.AsyncClient, email: str, password: str) -> bool:
    form = {"grant_type": "password", "username": email, "password": password}
    return (await http.post("/api/auth/token", data=form)).status_code == 200


async def test_users_are_listed_to_who_manages_them(
    root: Any, ada: Any, mia: Any, acme: str, zoe: Any, yan: Any
) -> None:
    async def listed(caller: Any, **query: str) -> list[str]:
        response = await caller.http.get("/api/users", params=query)
        assert response.status_code == 200, response.text
        assert all(set(user) == FIELDS for user in response.json()["users"])
        return [user["email"].partition("@")[0] for user in response.json()["users"]]

    assert await listed(root) == ["ada", "mia", "root", "yan", "zoe"]
    assert await listed(root, organisation_id=acme) == ["yan", "zoe"]
    assert await listed(zoe) == await listed(zoe, organisation_id=acme) == ["yan", "zoe"]
    assert await listed(mia) == ["ada", "mia", "root"]


async def test_people_of_other_organisations_are_unknown(
    root: Any, mia: Any, zoe: Any, acme: str, refused: Refused
) -> None:
    def same(*responses: httpx.Response) -> None:
        told = [refused(each, 404, "not-found") for each in responses]
        assert len({each["detail"] for each in told}) == 1

    for there in (path_of(zoe), "/api/users/nobody"):
        same(await mia.http.get(there), await mia.http.patch(there, json={"is_disabled": True}))
        same(await mia.http.delete(there + "/sessions"))
    for organisation in (acme, "nowhere"):
        same(
            await mia.http.get("/api/users", params={"organisation_id": organisation}),
            await mia.http.post("/api/users", json={"email": "n@x.org", "organisation_id": organisation}),
        )
    refused(await root.http.get("/api/users", params={"organisation_id": "nowhere"}), 404, "not-found")
    assert (await zoe.http.get("/api/auth/me")).status_code == 200


async def test_users_are_for_who_manages_them(ada: Any, bob: Any, refused: Refused) -> None:
    for response in (
        await ada.http.get("/api/users"),
        await ada.http.post("/api/users", json={"email": "n@example.org"}),
        await ada.http.get(path_of(ada)),
        await ada.http.get(path_of(bob)),
        await ada.http.get("/api/users/nobody"),
        await ada.http.patch(path_of(bob), json={"is_disabled": True}),
        await ada.http.patch(path_of(ada), json={"is_administrator": True}),
        await ada.http.delete(path_of(bob, "/sessions")),
    ):
        refused(response, 403, "access-denied")


async def test_an_account_is_made_with_a_password_that_is_shown_once(
    http: httpx.AsyncClient, zoe: Any, acme: str
) -> None:
    made = await zoe.http.post("/api/users", json={"email": " Kim@Example.org"})
    assert made.status_code == 201
    assert set(made.json()) == FIELDS | {"password"}
    assert (made.json()["email"], made.json()["organisation_id"]) == ("kim@example.org", acme)
    assert len(made.json()["password"]) >= 20
    assert await signs_in(http, "kim@example.org", made.json()["password"])
    shown = await zoe.http.get(f"/api/users/{made.json()['id']}")
    assert set(shown.json()) == FIELDS


async def test_an_account_is_made_with_a_given_password_in_a_given_organisation(
    http: httpx.AsyncClient, root: Any, acme: str, refused: Refused
) -> None:
    body = {"email": "kim@example.org", "password": GOOD, "organisation_id": acme}
    made = await root.http.post("/api/users", json=body)
    assert set(made.json()) == FIELDS
    assert (made.json()["organisation_id"], made.json()["is_administrator"]) == (acme, False)
    assert await signs_in(http, "kim@example.org", GOOD)
    refused(await root.http.post("/api/users", json=body), 409, "conflict")
    for password in ("short", "", "x" * 129):
        other = {"email": "lee@example.org", "password": password}
        refused(await root.http.post("/api/users", json=other), 400, "invalid-request")
    refused(await root.http.post("/api/users", json={"email": "nonsense"}), 400, "invalid-request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"is_disabled": None},
        {"is_disabled": "true"},
        {"is_disabled": 1},
        {"organisation_id": "default"},
        {"email": "other@example.org"},
        {"password_hash": "x"},
    ],
    ids=str,
)
async def test_what_cannot_be_changed_is_refused(
    root: Any, ada: Any, refused: Refused, body: dict[str, object]
) -> None:
    refused(await root.http.patch(path_of(ada), json=body), 422, "invalid-request")


async def test_a_disabled_account_is_out_at_once(
    root: Any, ada: Any, services: Services, refused: Refused
) -> None:
    assert (await ada.http.get("/api/documents")).status_code == 200
    disabled = await root.http.patch(path_of(ada), json={"is_disabled": True})
    assert (disabled.status_code, disabled.json()["is_disabled"]) == (200, True)
    refused(await ada.http.get("/api/documents"), 401, "not-authenticated")
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh_token}
    refused(await ada.http.post("/api/auth/token", data=form), 401, "not-authenticated")
    enabled = await root.http.patch(path_of(ada), json={"is_disabled": False})
    assert enabled.json()["is_disabled"] is False
    refused(await ada.http.get("/api/documents"), 401, "not-authenticated")


async def test_a_new_password_ends_every_session(
    http: httpx.AsyncClient, root: Any, ada: Any, services: Services, refused: Refused
) -> None:
    assert (await root.http.patch(path_of(ada), json={"password": GOOD})).status_code == 200
    refused(await ada.http.get("/api/documents"), 401, "not-authenticated")
    assert await signs_in(http, ada.email, GOOD)
    refused(await root.http.patch(path_of(ada), json={"password": "short"}), 400, "invalid-request")
    assert await signs_in(http, ada.email, GOOD)


async def test_sessions_are_ended_and_personal_tokens_revoked(
    root: Any, ada: Any, bob: Any, services: Services, refused: Refused
) -> None:
    made = await ada.http.post(
        "/api/auth/tokens", json={"name": "ci", "scopes": ["query"], "expires_in_days": 1}
    )
    machine = {"Authorization": f"Bearer {made.json()['token']}"}
    assert (await bob.http.get("/api/documents", headers=machine)).status_code == 200
    assert (await root.http.delete(path_of(ada, "/sessions"))).status_code == 204
    refused(await ada.http.get("/api/documents"), 401, "not-authenticated")
    refused(await bob.http.get("/api/documents", headers=machine), 401, "not-authenticated")
    assert (await bob.http.get("/api/documents")).status_code == 200
    assert not await services.metadata.sessions(ada.user_id, now=time.time())


async def test_rights_count_from_the_next_request_on(root: Any, ada: Any, refused: Refused) -> None:
    refused(await ada.http.get("/api/users"), 403, "access-denied")
    await root.http.patch(path_of(ada), json={"manages_organisation": True})
    assert (await ada.http.get("/api/users")).status_code == 200
    refused(await ada.http.get("/api/organisations"), 403, "access-denied")
    await root.http.patch(path_of(ada), json={"is_administrator": True, "manages_organisation": False})
    assert (await ada.http.get("/api/organisations")).status_code == 200
    await root.http.patch(path_of(ada), json={"is_administrator": False})
    refused(await ada.http.get("/api/users"), 403, "access-denied")


async def test_who_manages_an_organisation_stays_below_administrators_of_the_installation(
    root: Any, ada: Any, mia: Any, refused: Refused
) -> None:
    for response in (
        await mia.http.patch(path_of(root), json={"password": GOOD}),
        await mia.http.patch(path_of(root), json={"is_disabled": True}),
        await mia.http.patch(path_of(root), json={"manages_organisation": True}),
        await mia.http.delete(path_of(root, "/sessions")),
        await mia.http.patch(path_of(mia), json={"is_administrator": True}),
        await mia.http.patch(path_of(ada), json={"is_administrator": True}),
        await mia.http.patch(path_of(ada), json={"is_administrator": False}),
    ):
        refused(response, 403, "access-denied")
    assert (await root.http.get("/api/organisations")).status_code == 200
    assert (await mia.http.patch(path_of(ada), json={"manages_organisation": True})).status_code == 200


async def test_nobody_locks_themselves_out(root: Any, ada: Any, mia: Any, refused: Refused) -> None:
    for caller, body in (
        (root, {"is_disabled": True}),
        (root, {"is_administrator": False}),
        (root, {"password": GOOD}),
        (mia, {"is_disabled": True}),
        (mia, {"manages_organisation": False}),
    ):
        refused(await caller.http.patch(path_of(caller), json=body), 409, "conflict")
        assert (await caller.http.get("/api/users")).status_code == 200
    assert (await root.http.patch(path_of(root), json={"manages_organisation": True})).status_code == 200


async def test_of_two_administrators_who_disable_each_other_one_stays(root: Any, ada: Any) -> None:
    await root.http.patch(path_of(ada), json={"is_administrator": True})
    await asyncio.gather(
        root.http.patch(path_of(ada), json={"is_disabled": True}),
        ada.http.patch(path_of(root), json={"is_disabled": True}),
    )
    stay = [each for each in (root, ada) if (await each.http.get("/api/users")).status_code == 200]
    assert len(stay) == 1
