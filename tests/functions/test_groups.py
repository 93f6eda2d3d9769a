"""Groups over HTTP: everyone of the organisation sees them, who manages it changes them."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
FIELDS = {"id", "organisation_id", "name", "is_member", "created_at"}


async def make(manager: Any, name: str, **more: str) -> str:
    response = await manager.http.post("/api/groups", json={"name": name, **more})
    assert response.status_code == 201, response.text
    assert set(response.json()) == FIELDS
    return str(response.json()["id"])


async def names(caller: Any, **query: str) -> list[str]:
    response = await caller.http.get("/api/groups", params=query)
    assert response.status_code == 200, response.text
    return [group["name"] for group in response.json()["groups"]]


async def test_everyone_sees_the_groups_of_their_organisation(
    root: Any, ada: Any, mia: Any, zoe: Any, yan: Any, acme: str
) -> None:
    await make(mia, " HR ")
    await make(zoe, "hr")
    await make(root, "it", organisation_id=acme)
    assert await names(ada) == await names(mia) == await names(root) == ["HR"]
    assert await names(yan) == await names(yan, organisation_id=acme) == ["hr", "it"]
    assert await names(root, organisation_id=acme) == ["hr", "it"]


async def test_members_are_told_to_who_manages_the_group_only(
    root: Any, ada: Any, bob: Any, mia: Any
) -> None:
    group = await make(mia, "HR")
    for person in (bob, ada):
        added = await mia.http.put(f"/api/groups/{group}/members/{person.user_id}")
        assert (added.status_code, added.content) == (204, b"")
    for manager in (mia, root):
        shown = (await manager.http.get(f"/api/groups/{group}")).json()
        assert set(shown) == FIELDS | {"members"}
        assert shown["members"] == [
            {"id": ada.user_id, "email": ada.email},
            {"id": bob.user_id, "email": bob.email},
        ]
        assert shown["is_member"] is False
    shown = (await ada.http.get(f"/api/groups/{group}")).json()
    assert set(shown) == FIELDS
    assert shown["is_member"] is True


async def test_a_member_who_goes_reads_no_more(
    root: Any, ada: Any, bob: Any, mia: Any, refused: Refused
) -> None:
    group = await make(mia, "HR")
    uploaded = await ada.upload("pumps.md")
    await ada.http.patch(f"/api/documents/{uploaded['id']}", json={"readers": ["group:HR"]})
    member = f"/api/groups/{group}/members/{bob.user_id}"
    assert await bob.names() == []
    await mia.http.put(member)
    assert await bob.names() == ["pumps.md"]
    assert (await mia.http.delete(member)).status_code == 204
    assert await bob.names() == []
    refused(await mia.http.delete(member), 404, "not-found")
    await mia.http.put(member)
    assert (await mia.http.delete(f"/api/groups/{group}")).status_code == 204
    assert await bob.names() == []


async def test_a_group_is_renamed_and_a_name_is_taken_whatever_its_case(mia: Any, refused: Refused) -> None:
    group, _ = await make(mia, "HR"), await make(mia, "IT")
    renamed = await mia.http.patch(f"/api/groups/{group}", json={"name": "People"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "People")
    refused(await mia.http.patch(f"/api/groups/{group}", json={"name": "it"}), 409, "conflict")
    refused(await mia.http.post("/api/groups", json={"name": "PEOPLE"}), 409, "conflict")
    assert await names(mia) == ["IT", "People"]


@pytest.mark.parametrize(
    "name",
    ["", " ", "a\nb", "x" * 101, "0" * 32, "9A9a9a9a-0000-4000-8000-000000000001", "\uff10" * 32],
    ids=ascii,
)
async def test_what_is_no_name_is_refused(mia: Any, refused: Refused, name: str) -> None:
    group = await make(mia, "HR")
    refused(await mia.http.post("/api/groups", json={"name": name}), 422, "invalid-request")
    refused(await mia.http.patch(f"/api/groups/{group}", json={"name": name}), 422, "invalid-request")


async def test_who_does_not_manage_the_organisation_changes_nothing(
    ada: Any, mia: Any, services: Services, refused: Refused
) -> None:
    group = await make(mia, "HR")
    member = f"/api/groups/{group}/members/{ada.user_id}"
    for response in (
        await ada.http.post("/api/groups", json={"name": "Mine"}),
        await ada.http.patch(f"/api/groups/{group}", json={"name": "Mine"}),
        await ada.http.delete(f"/api/groups/{group}"),
        await ada.http.put(member),
        await ada.http.delete(member),
    ):
        refused(response, 403, "access-denied")
    assert await names(ada) == ["HR"]
    assert await services.metadata.members(group) == []


async def test_groups_and_people_of_other_organisations_are_unknown(
    root: Any, ada: Any, mia: Any, zoe: Any, acme: str, services: Services, refused: Refused
) -> None:
    theirs, ours = await make(zoe, "HR"), await make(mia, "HR")
    told: set[str] = set()
    for caller in (ada, mia):
        for group in (theirs, "nothing"):
            path = f"/api/groups/{group}"
            for response in (
                await caller.http.get(path),
                await caller.http.patch(path, json={"name": "Mine"}),
                await caller.http.delete(path),
                await caller.http.put(f"{path}/members/{ada.user_id}"),
                await caller.http.delete(f"{path}/members/{ada.user_id}"),
            ):
                told.add(refused(response, 404, "not-found")["detail"])
    assert told == {"there is no such group"}
    for caller in (mia, root):
        for user_id in (zoe.user_id, "nobody"):
            response = await caller.http.put(f"/api/groups/{ours}/members/{user_id}")
            assert refused(response, 404, "not-found")["detail"] == "there is no such user"
    for organisation in (acme, "nowhere"):
        query = {"organisation_id": organisation}
        refused(await ada.http.get("/api/groups", params=query), 404, "not-found")
        refused(await mia.http.post("/api/groups", json={"name": "New"} | query), 404, "not-found")
    assert await services.metadata.members(theirs) == []
