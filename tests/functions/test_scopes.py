"""What each scope of a personal access token opens, and that nothing is open by oversight."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from functions.dependencies import principal
from functions.scopes import OPEN_TO_ALL, OPENINGS
from shared.services import Services
from tests.functions.conftest import Person
from tests.stand_ins.machines import TOKENS, calling, made, wish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
Machines = dict[str, httpx.AsyncClient]
SCOPES = ("query", "ingest", "admin")
# By tag, and whether something may change: the scopes that open it.
OPENED_BY = {
    ("questions", False): {"query"},
    ("questions", True): {"query"},
    ("conversations", False): {"query"},
    ("conversations", True): {"query"},
    ("sources", False): {"query"},
    ("usage", False): {"query", "admin"},
    ("documents", False): {"query", "ingest"},
    ("documents", True): {"ingest"},
    ("indexes", False): {"admin"},
    ("indexes", True): {"admin"},
    ("people", False): {"admin"},
    ("people", True): {"admin"},
    ("accounts", False): set(),
    ("accounts", True): set(),
}


def asks_who(dependant: Dependant) -> bool:
    return dependant.call is principal or any(map(asks_who, dependant.dependencies))


def guarded(api: FastAPI) -> list[APIRoute]:
    """The routes that ask who calls."""
    return [route for route in api.routes if isinstance(route, APIRoute) and asks_who(route.dependant)]


@pytest.fixture
async def machines(api: FastAPI, root: Person) -> AsyncIterator[Machines]:
    """An administrator's: one for each scope."""
    async with AsyncExitStack() as opened:
        yield {
            scope: await opened.enter_async_context(
                calling(api, (await made(root.http, f"for {scope}", scope))["token"])
            )
            for scope in SCOPES
        }


def test_every_guarded_route_has_one_tag_and_its_openings_are_those_that_are_meant(api: FastAPI) -> None:
    assert all(len(route.tags) == 1 for route in guarded(api))
    seen = {str(route.tags[0]) for route in guarded(api)}
    assert seen <= {tag for tag, _ in OPENED_BY}
    assert seen - {"accounts"} <= set(OPENINGS)
    assert "accounts" not in OPENINGS


async def test_a_scope_opens_its_routes_and_no_others(api: FastAPI, machines: Machines) -> None:
    calls = 0
    for route in guarded(api):
        if route.name in OPEN_TO_ALL:
            continue
        for method in route.methods:
            opened_by = OPENED_BY[str(route.tags[0]), method not in ("GET", "HEAD")]
            for scope, machine in machines.items():
                response = await machine.request(method, route.path)
                is_refused = response.status_code == 403 and "personal access token" in response.text
                assert is_refused is (scope not in opened_by), (method, route.path, scope, response.text)
                assert response.status_code != 401
                calls += 1
    print(f"{calls} calls with a token of one scope, all answered as they should be")
    assert calls > 100


async def test_a_refusal_names_the_scope_that_is_missing(machines: Machines, refused: Refused) -> None:
    response = await machines["ingest"].post("/api/query", json={"question": "?"})
    assert "scope query" in refused(response, 403, "access-denied")["detail"]
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="query"'


async def test_accounts_need_a_session(machines: Machines, refused: Refused) -> None:
    for machine in machines.values():
        for method, path in (("GET", TOKENS), ("DELETE", f"{TOKENS}/any")):
            problem = refused(await machine.request(method, path), 403, "access-denied")
            assert "sign in" in problem["detail"]
        refused(await machine.post(TOKENS, json=wish("a second one")), 403, "access-denied")


async def test_a_token_asks_who_it_is(root: Person, machines: Machines) -> None:
    for scope, machine in machines.items():
        me = await machine.get("/api/auth/me")
        assert me.status_code == 200
        assert me.json()["user_id"] == root.user_id
        assert me.json()["scopes"] == [scope]
    assert (await root.http.get("/api/auth/me")).json()["scopes"] == ["admin", "ingest", "query"]


async def test_an_administrators_token_administers_with_the_scope_admin_alone(
    api: FastAPI, root: Person, ada: Person, machines: Machines, refused: Refused
) -> None:
    others = {"user": ada.user_id}
    refused(await machines["query"].get("/api/usage", params=others), 403, "access-denied")
    assert (await machines["admin"].get("/api/usage", params=others)).status_code == 200
    await ada.upload("pumps.md")
    counted = [(await machines[scope].get("/api/documents/summary")).json() for scope in ("query", "ingest")]
    assert [sum(told["documents"].values()) for told in counted] == [0, 1]
    token = (await made(root.http, "both", "query", "admin"))["token"]
    async with calling(api, token) as both:
        assert (await both.get("/api/usage", params=others)).status_code == 200


async def test_an_administrators_machine_keeps_the_shared_folder_with_ingest(
    machines: Machines, refused: Refused
) -> None:
    path = "/api/documents/shared/handbook.md"
    assert (await machines["ingest"].put(path, content=b"# Handbook\n")).status_code == 202
    refused(await machines["admin"].put(path, content=b"# Handbook\n"), 403, "access-denied")


async def test_a_right_that_is_taken_away_leaves_the_tokens_too(
    root: Person, ada: Person, api: FastAPI, services: Services, refused: Refused
) -> None:
    await services.metadata.set_user(ada.user_id, is_administrator=True)
    token = (await made(ada.http, "ci", "admin", "ingest"))["token"]
    async with calling(api, token) as machine:
        assert (await machine.get("/api/indexes")).status_code == 200
        assert (await ada.http.get("/api/indexes")).status_code == 200
        await services.metadata.set_user(ada.user_id, is_administrator=False)
        refused(await machine.get("/api/indexes"), 403, "access-denied")
        refused(await machine.put("/api/documents/shared/a.md", content=b"#"), 403, "access-denied")
        refused(await ada.http.get("/api/indexes"), 403, "access-denied")
