"""Every operation asked by everybody: whoever it is not for gets what the table says, and learns nothing."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.functions.access.requests import REQUESTS
from tests.functions.access.table import expected
from tests.functions.access.things import ACTORS, NOBODIES, Installation, missing

pytestmark = pytest.mark.slow

EXPECTED = expected()
# Who sees a thing may be told more of it than that there is none: how each kind is seen.
SEEN_BY = {
    "document": "document",
    "group": "group",
    "member": "group",
    "user": "user",
    "organisation": "list_groups/organisation",
    "index": "list_indexes",
}


def test_every_operation_is_in_the_matrix(api: FastAPI) -> None:
    routed = {route.name for route in api.router.routes if isinstance(route, APIRoute)}
    assert {request.partition("/")[0] for request in REQUESTS} == routed
    assert list(EXPECTED) == list(REQUESTS)


async def test_every_described_operation_is_a_route(api: FastAPI, http: httpx.AsyncClient) -> None:
    described = (await http.get("/api/openapi.json")).json()["paths"]
    operations = {operation["operationId"] for path in described.values() for operation in path.values()}
    routed = {route.name for route in api.router.routes if isinstance(route, APIRoute)}
    assert len(operations) > 50
    assert operations <= routed


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_everybody_gets_what_the_table_says(
    request_name: str, http: httpx.AsyncClient, installation: Installation
) -> None:
    """And who is refused, and does not see the thing, is told nothing else than if there were none."""
    build = REQUESTS[request_name]
    nobody, statuses = EXPECTED[request_name]
    got = {}
    for who in (*NOBODIES, *ACTORS):
        things = await installation.things()
        answer = await build(things).by(http, await installation.bearer(who))
        got[who] = answer.status_code
        if answer.status_code >= 400 and not await _sees(who, request_name, things, http, installation):
            absent = await build(missing()).by(http, await installation.bearer(who))
            assert _told(answer) == _told(absent), who
    assert got == dict.fromkeys(NOBODIES, nobody) | dict(zip(ACTORS, statuses, strict=True))


async def _sees(
    who: Any, request_name: str, things: Any, http: httpx.AsyncClient, installation: Installation
) -> bool:
    if (kind := _kind(request_name)) is None:
        return False
    seen = await REQUESTS[SEEN_BY[kind]](things).by(http, await installation.bearer(who))
    return seen.status_code == httpx.codes.OK


def _kind(request_name: str) -> str | None:
    return next((kind for kind in SEEN_BY if kind in request_name), None)


def _told(response: httpx.Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Everything but what tells one request from another."""
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    body = response.json()
    return response.status_code, headers, {name: body[name] for name in body if name != "request_id"}
