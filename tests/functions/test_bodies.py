"""What the edge does with bodies, streams and the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi.responses import StreamingResponse
from starlette.types import Message

from functions import edge
from functions.api import build_api
from functions.dependencies import Runtime
from tests.stand_ins.asgi_client import over

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"not json"),
        ("application/json", b'{"question": "cut'),
        ("application/json", b"\xff\xfe\x00"),
        ("application/json", b"[" * 30_000),
        ("application/json", b'{"question": ' + b"9" * 5000 + b"}"),
        ("application/json", b'{"question": "\\ud800"}'),
        ("application/json", b'"question"'),
        ("application/json", b"null"),
        ("text/plain", b'{"question": "?"}'),
        ("application/x-www-form-urlencoded", b"question=x"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_is_no_question_is_refused(ada: Any, content_type: str, body: bytes) -> None:
    response = await ada.http.post("/api/query", content=body, headers={"Content-Type": content_type})
    assert response.status_code in (400, 422), response.text
    assert response.json()["type"] == "urn:rag:problem:invalid-request"
    assert response.headers["content-type"] == "application/problem+json"


async def test_what_was_sent_is_not_in_the_answer(ada: Any, refused: Refused) -> None:
    response = await ada.http.post("/api/query", json={"question": ["secret"], "top_k": "secret"})
    problem = refused(response, 422, "invalid-request")
    assert "body.question" in problem["detail"]
    assert "body.top_k" in problem["detail"]
    assert "secret" not in response.text


async def test_a_question_of_a_megabyte_is_refused(ada: Any, refused: Refused) -> None:
    async def flood() -> AsyncIterator[bytes]:
        for _ in range(1024):
            yield b"x" * 1024

    json = {"Content-Type": "application/json"}
    announced = await ada.http.post("/api/query", json={"question": "x" * 2**20})
    refused(announced, 413, "too-large")
    refused(await ada.http.post("/api/query", content=flood(), headers=json), 413, "too-large")
    refused(await ada.http.post("/api/auth/token", data={"grant_type": "x" * 2**20}), 413, "too-large")


async def test_a_large_body_stops_at_the_first_piece_past_the_limit(runtime: Runtime) -> None:
    """Seen from the server's side of ASGI, where httpx cannot look."""
    taken = 0
    answers: list[Message] = []

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 16 * 1024, "more_body": True}

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/auth/register",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await build_api(runtime)(scope, receive, send)
    assert answers[0]["status"] == 413
    assert taken == 5


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_what_would_have_to_be_unpacked_is_refused(ada: Any, refused: Refused, coding: str) -> None:
    for path in ("/api/query", "/api/documents", "/api/auth/token"):
        response = await ada.http.post(path, content=b"{}", headers={"Content-Encoding": coding})
        refused(response, 415, "unsupported-type")


async def test_a_body_that_does_not_come_is_given_up(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "_BODY_SECONDS", 0.05)
    never = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with over(build_api(runtime)) as http:
        for path in ("/api/query", "/api/auth/register"):  # with a gate before it, and without
            response = await http.post(path, content=body(), headers={"Content-Type": "application/json"})
            assert response.status_code == 408
            assert response.headers["connection"] == "close"


async def test_a_chat_may_send_its_whole_history(ada: Any, http: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "x" * 90_000}]}
    assert (await http.post("/api/chat", json=body)).status_code == 401


async def test_a_stream_flows_and_ends_when_its_reader_goes(runtime: Runtime) -> None:
    api = build_api(runtime)
    ended = asyncio.Event()
    gone = asyncio.Event()
    bodies: list[bytes] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"beat"
                await asyncio.sleep(0)
        finally:
            ended.set()

    @api.get("/endless")
    async def stream() -> StreamingResponse:
        return StreamingResponse(endless())

    asked = False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        bodies.append(message.get("body", b""))
        if len(bodies) == 4:
            gone.set()

    scope = {"type": "http", "method": "GET", "path": "/endless", "query_string": b"", "headers": []}
    await asyncio.wait_for(api(scope, receive, send), 10)
    assert b"beat" in bodies
    assert ended.is_set()


async def test_a_request_is_one_log_line_without_what_was_asked(
    ada: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await ada.http.get("/api/documents/secret-id", params={"question": "secret"})
    [record] = [record for record in caplog.records if record.msg == "request"]
    fields = record.__dict__["event_fields"]
    assert {name: fields[name] for name in ("method", "route", "status")} == {
        "method": "GET",
        "route": "/api/documents/{document_id}",
        "status": 404,
    }
    assert "secret" not in str(fields)
