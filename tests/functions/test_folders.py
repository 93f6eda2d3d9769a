"""Folder defaults over HTTP: whose they are, and that they count for what is new and nothing else."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.domain import FolderDefault, Group
from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def put(caller: Any, path: str, *readers: str) -> httpx.Response:
    response: httpx.Response = await caller.http.put(f"/api/folders/{path}", json={"readers": readers})
    return response


async def folders(caller: Any) -> dict[str, list[str]]:
    response = await caller.http.get("/api/folders")
    assert response.status_code == 200, response.text
    return {each["path"]: each["readers"] for each in response.json()["folders"]}


async def test_what_is_new_in_a_folder_has_its_readers_and_what_is_there_keeps_its_own(
    ada: Any, bob: Any
) -> None:
    await ada.upload("plans/old.md")
    response = await put(ada, "plans/", bob.email)
    assert (response.status_code, response.json()) == (200, {"path": "plans", "readers": [bob.email]})
    await ada.upload("plans/new.md")
    await ada.upload("plans/2026/new.md")
    await ada.upload("plans.md")
    await ada.upload("plans/old.md", b"again")
    assert await bob.names() == ["plans/2026/new.md", "plans/new.md"]
    assert await ada.names() == ["plans.md", "plans/2026/new.md", "plans/new.md", "plans/old.md"]


async def test_the_innermost_folder_counts_alone(ada: Any, bob: Any) -> None:
    await put(ada, "plans", "everyone")
    await put(ada, "plans/secret", ada.email)
    await ada.upload("plans/secret/a.md")
    await ada.upload("plans/b.md")
    assert await bob.names() == ["plans/b.md"]
    assert (await ada.http.delete("/api/folders/plans/secret")).status_code == 204
    await ada.upload("plans/secret/c.md")
    assert await bob.names() == ["plans/b.md", "plans/secret/c.md"]
    assert await folders(ada) == {"plans": ["everyone"]}


async def test_a_document_that_comes_back_is_new(ada: Any, bob: Any) -> None:
    uploaded = await ada.upload("plans/a.md")
    await ada.http.delete(f"/api/documents/{uploaded['id']}")
    await put(ada, "plans", bob.email)
    await ada.upload("plans/a.md")
    assert await bob.names() == ["plans/a.md"]


async def test_common_folders_are_kept_by_who_administers_them(
    root: Any, ada: Any, mia: Any, zoe: Any, yan: Any, acme: str, services: Services, refused: Refused
) -> None:
    group = Group(id="1" * 32, organisation_id=acme, name="HR", created_at=1.0)
    await services.metadata.add_group(group)
    theirs = f"organisations/{acme}"
    assert (await put(root, "shared/hr", "organisation")).json()["readers"] == ["organisation"]
    assert (await put(zoe, f"{theirs}/hr", "group:hr")).json()["readers"] == ["group:HR"]
    assert (await put(root, theirs, yan.email)).json()["readers"] == [yan.email]
    for caller, path in (
        (ada, "shared"),
        (mia, "shared"),
        (mia, theirs),
        (yan, theirs),
        (yan, f"{theirs}/hr"),
        (mia, "organisations/nowhere"),
    ):
        refused(await put(caller, path, "everyone"), 403, "access-denied")
        refused(await caller.http.delete(f"/api/folders/{path}"), 403, "access-denied")
    assert await folders(root) == {
        "shared/hr": ["organisation"],
        theirs: [yan.email],
        f"{theirs}/hr": ["group:HR"],
    }
    assert await folders(zoe) == {theirs: [yan.email], f"{theirs}/hr": ["group:HR"]}
    assert await folders(mia) == await folders(yan) == {}
    await root.upload("shared/hr/a.md")
    await zoe.upload(f"{theirs}/b.md")
    assert await ada.names() == ["shared/hr/a.md"]
    assert await yan.names() == [f"{theirs}/b.md"]
    assert await zoe.names() == []


async def test_people_and_groups_of_other_organisations_are_unknown(
    root: Any, ada: Any, yan: Any, acme: str, refused: Refused
) -> None:
    for path, reader in (("plans", yan.email), ("plans", "group:HR"), ("plans", "nobody@example.org")):
        refused(await put(ada, path, reader), 400, "invalid-request")
    refused(await put(root, f"organisations/{acme}", root.email), 400, "invalid-request")
    assert await folders(root) == {}


@pytest.mark.parametrize(
    ("path", "readers", "status"),
    [
        ("plans", [], 422),
        ("plans", ["x" * 1001], 422),
        ("plans", ["everyone"] * 101, 422),
        ("plans//x", ["everyone"], 400),
        ("organisations", ["everyone"], 400),
        ("%2e%2e/x", ["everyone"], 400),
        ("a%0ab", ["everyone"], 400),
        ("", ["everyone"], 400),
    ],
)
async def test_what_is_no_folder_or_reader_is_refused(
    ada: Any, refused: Refused, path: str, readers: list[str], status: int
) -> None:
    refused(await put(ada, path, *readers), status, "invalid-request")


async def test_a_folder_without_a_default_has_none_to_remove(ada: Any, bob: Any, refused: Refused) -> None:
    await put(bob, "plans", "everyone")
    refused(await ada.http.delete("/api/folders/plans"), 404, "not-found")
    assert await folders(bob) == {"plans": ["everyone"]}


async def test_defaults_are_not_piled_up(ada: Any, services: Services, refused: Refused) -> None:
    for number in range(1000):
        folder = f"users/{ada.user_id}/{number}/"
        await services.metadata.set_folder_default(
            FolderDefault(folder=folder, readers=frozenset({"user:u"}))
        )
    refused(await put(ada, "one-more", "everyone"), 409, "conflict")
    assert (await put(ada, "7", "everyone")).status_code == 200
