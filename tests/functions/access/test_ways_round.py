"""Other spellings of a request, and more in a body than it takes, reach no more than the plain request."""

from typing import Any

import httpx
import pytest

from shared.services import Services
from tests.functions.access.things import Installation, uuid_of

pytestmark = pytest.mark.slow

# What a guest may be told of a path that names no route, or a route that is not theirs.
REFUSED = {400, 401, 403, 404, 405, 422}


@pytest.mark.parametrize(
    "path",
    [
        "/api/documents/{document}/",
        "/api//documents/{document}",
        "//api/documents/{document}",
        "/API/documents/{document}",
        "/api/Documents/{document}",
        "/api/documents/{document};owner=1",
        "/api/documents/%2e/{document}",
        "/api/documents/./{document}",
        "/api/x/../documents/{document}",
        "/api/documents/{document}%00",
        "/api/documents/{document}%2fcontent",
        "/api/documents/{document}/content/",
        "/api/documents/{document}/content?token=1",
        "/api/conversations/{conversation}/",
        "/api/conversations/{conversation}/export?format=json",
        "/api/groups/{group}/",
        "/api/users/{user}/",
        "/api/indexes/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_no_spelling_of_a_path_lets_a_stranger_in(
    path: str, method: str, http: httpx.AsyncClient, installation: Installation
) -> None:
    things = await installation.things()
    headers = await installation.bearer("stranger")
    answer = await http.request(method, path.format(**vars(things)), headers=headers, json={})
    # A PUT makes a file of this name, in the stranger's own folder.
    assert answer.status_code in (REFUSED | {202} if method == "PUT" else REFUSED)
    assert b"broken" not in answer.content
    assert b"Warranty" not in answer.content


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_no_header_changes_the_method(
    header: str, http: httpx.AsyncClient, installation: Installation, services: Services
) -> None:
    things = await installation.things()
    headers = await installation.bearer("owner") | {header: "DELETE"}
    assert (await http.get(f"/api/conversations/{things.conversation}", headers=headers)).status_code == 200
    assert await services.metadata.conversation(things.conversation, uuid_of("owner")) is not None


@pytest.mark.parametrize("place", ["token", "access_token", "authorization"])
async def test_a_token_in_the_address_is_none(
    place: str, http: httpx.AsyncClient, installation: Installation
) -> None:
    token = (await installation.bearer("owner"))["Authorization"].removeprefix("Bearer ")
    assert (await http.get("/api/auth/me", params={place: token})).status_code == 401
    assert (await http.get("/api/auth/me", headers={"Cookie": f"{place}={token}"})).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/auth/register", {"email": "n@example.org", "password": "plain enough words"}),
        ("PATCH", "/api/documents/{document}", {"readers": []}),
        ("POST", "/api/documents/uploads", {"name": "a.txt", "size": 1}),
        ("PATCH", "/api/conversations/{conversation}", {"title": "New"}),
        ("POST", "/api/auth/tokens", {"name": "a", "scopes": ["query"], "expires_in_days": 1}),
        ("PUT", "/api/folders/plans", {"readers": ["everyone"]}),
        ("POST", "/api/query", {"question": "How long is the warranty?"}),
        ("POST", "/api/search", {"question": "How long is the warranty?"}),
    ],
)
@pytest.mark.parametrize(
    "member",
    [
        {"owner_id": "0" * 32},
        {"user_id": "0" * 32},
        {"is_administrator": True},
        {"manages_organisation": True},
        {"organisation_id": "a" * 32},
        {"groups": ["0" * 32]},
        {"principal": {"is_administrator": True}},
    ],
)
async def test_what_a_body_does_not_take_is_refused(
    method: str,
    path: str,
    body: dict[str, Any],
    member: dict[str, Any],
    http: httpx.AsyncClient,
    installation: Installation,
) -> None:
    things = await installation.things()
    headers = await installation.bearer("owner")
    answer = await http.request(method, path.format(**vars(things)), json=body | member, headers=headers)
    assert answer.status_code == 422, answer.text


async def test_each_sees_of_a_document_what_is_theirs_to_see(
    http: httpx.AsyncClient, installation: Installation
) -> None:
    path = f"/api/documents/{(await installation.things()).document}"
    owner = (await http.get(path, headers=await installation.bearer("owner"))).json()
    reader = (await http.get(path, headers=await installation.bearer("reader"))).json()
    assert owner["readers"] == ["reader@example.org"]
    assert owner["is_owner"] is True
    assert reader == owner | {"readers": [], "is_owner": False, "may_change": False}
    assert "example.org" not in str(reader)


async def test_members_and_addresses_are_for_managers(
    http: httpx.AsyncClient, installation: Installation
) -> None:
    path = f"/api/groups/{(await installation.things()).group}"
    member = (await http.get(path, headers=await installation.bearer("owner"))).json()
    manager = (await http.get(path, headers=await installation.bearer("manager"))).json()
    assert set(member) == {"id", "organisation_id", "name", "is_member", "created_at"}
    assert [each["email"] for each in manager["members"]] == ["owner@example.org"]


async def test_an_address_of_another_organisation_cannot_be_told_from_an_unknown_one(
    http: httpx.AsyncClient, installation: Installation
) -> None:
    path = f"/api/documents/{(await installation.things()).document}"
    headers = await installation.bearer("owner")
    answers = [
        await http.patch(path, json={"readers": [address]}, headers=headers)
        for address in ("stranger@example.org", "nobody@example.org")
    ]
    told = [(each.status_code, each.json() | {"request_id": ""}) for each in answers]
    assert told[0] == told[1]
    assert told[0][0] == 400
