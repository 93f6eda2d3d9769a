"""Organisations over HTTP: administrators of the installation make, rename and remove them."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def listed(root: Any) -> list[str]:
    response = await root.http.get("/api/organisations")
    assert response.status_code == 200
    return [each["name"] for each in response.json()["organisations"]]


async def test_there_is_one_from_the_start_and_an_administrator_makes_others(root: Any) -> None:
    made = await root.http.post("/api/organisations", json={"name": "  Acme "})
    assert made.status_code == 201
    assert set(made.json()) == {"id", "name", "created_at"}
    assert made.json()["name"] == "Acme"
    assert await listed(root) == ["Acme", "Default"]


async def test_one_is_renamed(root: Any, acme: str, refused: Refused) -> None:
    renamed = await root.http.patch(f"/api/organisations/{acme}", json={"name": "Zeta"})
    assert (renamed.status_code, renamed.json()["id"], renamed.json()["name"]) == (200, acme, "Zeta")
    assert await listed(root) == ["Default", "Zeta"]
    unknown = await root.http.patch("/api/organisations/nowhere", json={"name": "New"})
    refused(unknown, 404, "not-found")


async def test_a_name_is_taken_whatever_its_case(root: Any, acme: str, refused: Refused) -> None:
    refused(await root.http.post("/api/organisations", json={"name": "ACME"}), 409, "conflict")
    taken = await root.http.patch("/api/organisations/default", json={"name": "acme"})
    refused(taken, 409, "conflict")


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 101, "a\nb", "a\u202eb", "a\u0000b", "a\ud800b", None, 7], ids=ascii
)
async def test_what_is_no_name_is_refused(root: Any, refused: Refused, name: object) -> None:
    escaped = "null" if name is None else str(name) if isinstance(name, int) else ascii_json(str(name))
    body = f'{{"name": {escaped}}}'
    response = await root.http.post(
        "/api/organisations", content=body, headers={"Content-Type": "application/json"}
    )
    refused(response, 422, "invalid-request")
    assert await listed(root) == ["Default"]


def ascii_json(text: str) -> str:
    return '"' + "".join(char if " " <= char < "\x7f" else f"\\u{ord(char):04x}" for char in text) + '"'


async def test_only_an_empty_one_is_removed(
    root: Any, acme: str, zoe: Any, services: Services, refused: Refused
) -> None:
    refused(await root.http.delete(f"/api/organisations/{acme}"), 409, "conflict")
    refused(await root.http.delete("/api/organisations/default"), 409, "conflict")
    refused(await root.http.delete("/api/organisations/nowhere"), 404, "not-found")
    empty = (await root.http.post("/api/organisations", json={"name": "Empty"})).json()["id"]
    document = await root.upload(f"organisations/{empty}/plan.md")
    await root.http.put(f"/api/folders/organisations/{empty}/plans", json={"readers": ["everyone"]})
    refused(await root.http.delete(f"/api/organisations/{empty}"), 409, "conflict")
    await root.http.delete(f"/api/documents/{document['id']}")
    assert (await root.http.delete(f"/api/organisations/{empty}")).status_code == 204
    assert await listed(root) == ["Acme", "Default"]
    assert await services.metadata.list_folder_defaults(prefix="") == []


async def test_they_are_for_administrators_of_the_installation(
    acme: str, mia: Any, zoe: Any, yan: Any, refused: Refused
) -> None:
    for caller in (mia, zoe, yan):
        for response in (
            await caller.http.get("/api/organisations"),
            await caller.http.post("/api/organisations", json={"name": "Mine"}),
            await caller.http.patch(f"/api/organisations/{acme}", json={"name": "Mine"}),
            await caller.http.delete(f"/api/organisations/{acme}"),
            await caller.http.delete("/api/organisations/nowhere"),
        ):
            refused(response, 403, "access-denied")
