"""Uploads: streamed, bounded, named safely; and shown as queued at once."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
MAX_FILE = 256 * 1024  # as in conftest


async def stored(services: Services, name: str) -> bytes:
    return b"".join([piece async for piece in services.blobs.read(name)])


async def blobs(services: Services) -> list[str]:
    return [blob.name async for blob in services.blobs.list()]


async def pieces(count: int, taken: list[int]) -> AsyncIterator[bytes]:
    for n in range(count):
        taken.append(n)
        yield b"x" * 16 * 1024


async def test_a_body_is_stored_in_the_callers_folder(ada: Any, services: Services) -> None:
    response = await ada.http.put("/api/documents/reports/a%20b.bin", content=bytes(range(256)))
    assert response.status_code == 202
    answer = response.json()
    assert answer == {"id": answer["id"], "name": "reports/a b.bin", "status": "queued"}
    assert await stored(services, f"users/{ada.user_id}/reports/a b.bin") == bytes(range(256))


async def test_nothing_is_ingested_or_queued_by_the_upload_itself(ada: Any, services: Services) -> None:
    await ada.upload("a.md")
    assert await services.queue.length("ingest-events") == 0


async def test_the_same_name_is_replaced(ada: Any, services: Services) -> None:
    first, second = await ada.upload("a.md", b"old"), await ada.upload("a.md", b"new")
    assert first == second
    assert await stored(services, f"users/{ada.user_id}/a.md") == b"new"
    assert await ada.names() == ["a.md"]


async def test_two_people_may_use_one_name(ada: Any, bob: Any, services: Services) -> None:
    mine, theirs = await ada.upload("a.md", b"ada's"), await bob.upload("a.md", b"bob's")
    assert mine["id"] != theirs["id"]
    assert await stored(services, f"users/{ada.user_id}/a.md") == b"ada's"


async def test_another_users_folder_is_out_of_reach(ada: Any, bob: Any, services: Services) -> None:
    await ada.upload(f"users/{bob.user_id}/a.md")
    assert await blobs(services) == [f"users/{ada.user_id}/users/{bob.user_id}/a.md"]


async def test_only_administrators_write_to_the_shared_folder(
    ada: Any, root: Any, services: Services, refused: Refused
) -> None:
    refused(await ada.http.put("/api/documents/shared/a.md", content=b"x"), 403, "access-denied")
    form = {"files": ("shared/a.md", b"x")}
    refused(await ada.http.post("/api/documents", files=form), 403, "access-denied")
    ticket = {"name": "shared/a.md", "size": 1}
    refused(await ada.http.post("/api/documents/uploads", json=ticket), 403, "access-denied")
    assert await blobs(services) == []
    assert (await root.upload("shared/a.md"))["name"] == "shared/a.md"
    assert await ada.names() == ["shared/a.md"]


async def test_only_who_keeps_an_organisations_folder_writes_to_it(
    acme: str, root: Any, mia: Any, zoe: Any, yan: Any, services: Services, refused: Refused
) -> None:
    path = f"organisations/{acme}/a.md"
    for caller in (yan, mia):
        for there in (path, "organisations/nowhere/a.md"):
            refused(await caller.http.put(f"/api/documents/{there}", content=b"x"), 403, "access-denied")
            ticket = {"name": there, "size": 1}
            refused(await caller.http.post("/api/documents/uploads", json=ticket), 403, "access-denied")
    assert await blobs(services) == []
    assert (await zoe.upload(path))["name"] == path
    assert (await root.upload(path))["name"] == path
    assert await yan.names() == await zoe.names() == [path]
    assert await root.names() == await mia.names() == []
    assert await yan.names(prefix="organisations/") == [path]


async def test_a_body_past_the_limit_is_refused_before_it_is_read(
    ada: Any, services: Services, refused: Refused
) -> None:
    taken: list[int] = []
    headers = {"Content-Length": str(100 * MAX_FILE)}
    response = await ada.http.put("/api/documents/a.bin", content=pieces(10, taken), headers=headers)
    refused(response, 413, "too-large")
    assert await blobs(services) == []


async def test_a_body_without_a_length_is_cut_at_the_limit(
    ada: Any, services: Services, refused: Refused
) -> None:
    taken: list[int] = []
    response = await ada.http.put("/api/documents/a.bin", content=pieces(1000, taken))
    refused(response, 413, "too-large")
    assert await blobs(services) == []
    assert await ada.names() == []
    limit = await ada.http.put("/api/documents/b.bin", content=pieces(16, taken))
    assert limit.status_code == 202


async def test_an_old_version_outlives_a_failed_replacement(
    ada: Any, services: Services, refused: Refused
) -> None:
    await ada.upload("a.md", b"old")
    refused(await ada.http.put("/api/documents/a.md", content=pieces(1000, [])), 413, "too-large")
    assert await stored(services, f"users/{ada.user_id}/a.md") == b"old"


async def test_an_upload_that_breaks_off_leaves_nothing(ada: Any, api: FastAPI, services: Services) -> None:
    arriving: list[Message] = [
        {"type": "http.request", "body": b"x" * 1000, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/api/documents/a.md",
        "query_string": b"",
        "headers": [(b"authorization", ada.http.headers["authorization"].encode())],
    }
    await api(scope, receive, send)
    assert sent == []
    assert await blobs(services) == []
    assert await ada.names() == []


@pytest.mark.parametrize("content", [b"", []], ids=["no body", "empty stream"])
async def test_an_empty_file_is_refused(ada: Any, services: Services, refused: Refused, content: Any) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for piece in content:
            yield piece

    response = await ada.http.put("/api/documents/a.md", content=content if content == b"" else nothing())
    refused(response, 400, "invalid-request")
    refused(await ada.http.post("/api/documents", files={"files": ("a.md", b"")}), 400, "invalid-request")
    assert await blobs(services) == []


BAD_PATHS = [
    *("", "..%2fa", "a%2f..%2fb", "%2e%2e", "a%00b", "a%0ab", "a%5cb", "a%2f%2fb", "%2fetc%2fpasswd", "a%2f"),
    *("x" * 1025, "shared%2f..%2fusers%2fa", "gpj%e2%80%aeexe", "a%7f", "%c2%85", "x" * 300),
]


async def test_a_name_that_names_no_file_is_refused(ada: Any, services: Services, refused: Refused) -> None:
    for path in BAD_PATHS:
        request = httpx.Request(
            "PUT", f"http://test/api/documents/{path}", content=b"x", headers=ada.http.headers
        )
        refused(await ada.http.send(request), 400, "invalid-request")
    assert await blobs(services) == []


async def test_several_files_come_in_one_form(ada: Any, services: Services) -> None:
    files = [("files", ("a.md", b"A")), ("files", ("x/b.bin", b"B" * 100_000)), ("other", ("c.md", b"C"))]
    response = await ada.http.post("/api/documents", files=files)
    assert response.status_code == 202
    assert [each["name"] for each in response.json()["documents"]] == ["a.md", "x/b.bin"]
    assert await stored(services, f"users/{ada.user_id}/x/b.bin") == b"B" * 100_000


async def test_a_form_of_more_than_the_limit_is_refused(
    ada: Any, services: Services, refused: Refused
) -> None:
    form = {"files": ("a.bin", b"x" * (MAX_FILE + 2 * 1024 * 1024))}
    refused(await ada.http.post("/api/documents", files=form), 413, "too-large")
    just = {"files": ("a.bin", b"x" * (MAX_FILE + 1))}
    refused(await ada.http.post("/api/documents", files=just), 413, "too-large")
    assert await blobs(services) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"not a form"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n--b--\r\n"),
        ("application/x-www-form-urlencoded", b"files=a.md"),
    ],
)
async def test_what_is_no_form_of_files_is_refused(
    ada: Any, refused: Refused, content_type: str, body: bytes
) -> None:
    response = await ada.http.post("/api/documents", content=body, headers={"Content-Type": content_type})
    refused(response, 400, "invalid-request")


async def test_a_bad_name_in_a_form_stores_nothing_of_it(
    ada: Any, services: Services, refused: Refused
) -> None:
    files = [("files", ("a.md", b"A")), ("files", ("../b.md", b"B"))]
    refused(await ada.http.post("/api/documents", files=files), 400, "invalid-request")
    assert await blobs(services) == []


async def test_a_ticket_leads_to_a_place_that_takes_the_file(ada: Any) -> None:
    asked = await ada.http.post("/api/documents/uploads", json={"name": "x/ä #1?.md", "size": 5})
    ticket = asked.json()
    assert set(ticket) == {"method", "url", "headers", "expires_in", "needs_token"}
    assert ticket["needs_token"] is True
    sent = await ada.http.request(
        ticket["method"], ticket["url"], headers=ticket["headers"], content=b"12345"
    )
    assert (sent.status_code, sent.json()["name"]) == (202, "x/ä #1?.md")


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ({"name": "a.bin", "size": MAX_FILE + 1}, 413, "too-large"),
        ({"name": "../a", "size": 1}, 400, "invalid-request"),
        ({"name": "a", "size": -1}, 422, "invalid-request"),
        ({"name": "a"}, 422, "invalid-request"),
        ({"name": "a" * 4097, "size": 1}, 422, "invalid-request"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_ticket_that_cannot_be_is_refused(
    ada: Any, refused: Refused, body: object, status: int, name: str
) -> None:
    refused(await ada.http.post("/api/documents/uploads", json=body), status, name)
