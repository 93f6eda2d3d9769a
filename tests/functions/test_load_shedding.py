"""Who is let in, who waits and who is turned away while there are more questions than can be answered."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from functions.adaptive_limit import LEAST, AdaptiveLimit
from functions.api import build_api
from functions.dependencies import Runtime, principal
from functions.edge import RequestEdge
from functions.load_shedding import Gate, LoadShedding, passages_found
from shared.errors import NotAuthenticated
from shared.telemetry.metrics import Metrics
from tests.stand_ins.asgi_client import over

MOST = 10
QUESTIONS = ("/api/query", "/api/search", "/api/chat", "/api/chat/stream", "/api/v1/chat/completions")
Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.001)


class Answers:
    """An app whose answers hold until they are let go. `words` come first where it streams."""

    def __init__(self, *, streams: bool = False, finds: bool = False) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()
        self._streams, self._finds = streams, finds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        if self._finds:
            passages_found()
        if self._streams:
            await StreamingResponse(self._words())(scope, receive, send)
            return
        await self.go_on.wait()
        await PlainTextResponse("answer")(scope, receive, send)

    async def _words(self) -> AsyncIterator[str]:
        yield "word"
        await self.go_on.wait()
        yield "word"


@asynccontextmanager
async def asking(answers: Answers, number: int, *, most: int = MOST, metrics: Metrics | None = None) -> Any:
    """`number` questions at once; what came of them is there after `go_on`."""
    metrics = metrics or Metrics()
    app = RequestEdge(LoadShedding(answers, metrics=metrics, most=most), metrics, ())
    async with over(app) as http:
        asked = [asyncio.create_task(http.post("/api/query")) for _ in range(number)]
        try:
            yield http, asked
        finally:
            answers.go_on.set()
            await asyncio.gather(*asked)


async def test_a_refusal_is_a_problem_that_says_when_to_come_back(
    refused: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    answers, metrics = Answers(streams=True), Metrics()
    with caplog.at_level(logging.INFO):
        async with asking(answers, MOST, metrics=metrics) as (http, _):
            await until(lambda: answers.begun == MOST)
            responses = [await http.post("/api/query") for _ in range(20)]
            assert b"rag_answers_in_flight 10.0" in metrics.text()
    for response in responses:
        assert refused(response, 503, "overloaded")["detail"].startswith("too many")
        assert response.headers["x-content-type-options"] == "nosniff"
    assert {response.headers["retry-after"] for response in responses} == {"1", "2"}
    text = metrics.text().decode()
    assert "rag_shed_total 20.0" in text
    assert 'rag_http_requests_total{method="POST",route="/api/query",status="5xx"} 20.0' in text
    assert "rag_answers_in_flight 0.0" in text
    # One line for all of them, none for each.
    assert [record.msg for record in caplog.records].count("questions_shed") == 1
    assert [record.msg for record in caplog.records].count("request") == MOST


@pytest.mark.parametrize("kind", [{"streams": True}, {"finds": True}])
async def test_answers_that_a_language_model_is_at_hold_no_places(kind: dict[str, bool]) -> None:
    answers = Answers(**kind)
    async with asking(answers, 0, most=500) as (http, asked):
        for begun in range(500):
            asked.append(asyncio.create_task(http.post("/api/query")))
            await until(lambda begun=begun: answers.begun == begun + 1)


async def test_a_place_comes_back_by_itself_from_what_waits_for_others() -> None:
    answers = Answers()
    async with asking(answers, 20, most=20):
        await until(lambda: answers.begun == 20)  # the limit begins lower, and nothing has ended


async def test_answers_that_failed_hold_no_places() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("told to fail")

    metrics = Metrics()
    async with over(RequestEdge(LoadShedding(failing, metrics=metrics, most=MOST), metrics, ())) as http:
        for _ in range(MOST * 3):
            assert (await http.post("/api/query")).status_code == 500
    assert b"rag_answers_in_flight 0.0" in metrics.text()


async def test_a_burst_waits_but_in_lasting_overload_only_those_who_are_answered_soon() -> None:
    now = 0.0
    gate = Gate(AdaptiveLimit(MOST), held=60, now=lambda: now)
    async with entering(gate, MOST + 100) as burst:
        assert await gate.enter() is None
        now = 1.0
        for _ in range(100 - LEAST):
            gate.leave()
            assert await gate.enter() is None
        gate.leave()
        async with entering(gate, 1) as [last]:
            assert not last.done()
            for _ in range(LEAST):
                gate.leave()
            assert await last
        assert all(task.done() for task in burst)


async def test_after_a_calm_time_a_burst_may_wait_again() -> None:
    now = 0.0
    gate = Gate(AdaptiveLimit(MOST), held=60, now=lambda: now)
    async with entering(gate, MOST + 100) as burst:
        for _ in burst:
            gate.leave()
        now = 3.0
        async with entering(gate, MOST + 100):
            assert await gate.enter() is None
            for _ in range(100):
                gate.leave()


async def test_who_stops_waiting_takes_nobodys_place() -> None:
    gate = Gate(AdaptiveLimit(MOST), held=60)
    async with entering(gate, MOST) as inside, entering(gate, 3) as [left, turned, last]:
        left.cancel()
        await asyncio.sleep(0)
        inside[0].result().give_back()  # its turn has come …
        turned.cancel()  # … when it goes
        assert await last
        assert left.cancelled()
        assert turned.cancelled()


@asynccontextmanager
async def entering(gate: Gate, number: int) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """`number` more, in a gate or waiting before it. Those who got in end with it."""
    tasks = [asyncio.create_task(gate.enter()) for _ in range(number)]
    await asyncio.sleep(0)
    yield tasks
    for task in tasks:
        if not task.cancelled():
            (await task).give_back()


@pytest.mark.usefixtures("few")
async def test_nothing_but_questions_is_ever_turned_away(runtime: Runtime, refused: Refused) -> None:
    api = build_api(runtime)
    never = asyncio.Event()

    async def hangs(request: Request) -> None:
        if request.headers.get("authorization") == "Bearer hangs":
            await never.wait()
        raise NotAuthenticated("nobody is anybody here")

    api.dependency_overrides[principal] = hangs
    async with over(api) as http:
        token = {"Authorization": "Bearer hangs"}
        asked = (http.post("/api/query", json={"question": "?"}, headers=token) for _ in range(MOST))
        hanging = [asyncio.create_task(each) for each in asked]
        await until(lambda: b"rag_answers_in_flight 10.0" in runtime.metrics.text())
        for path in QUESTIONS:
            refused(await http.post(path), 503, "overloaded")
        for route in api.routes:
            for method in route.methods or ():
                if route.path not in QUESTIONS:
                    response = await http.request(method, route.path_format.replace("{", "").replace("}", ""))
                    assert response.status_code != 503 or "overloaded" not in response.text
        never.set()
        await asyncio.gather(*hanging)


@pytest.mark.usefixtures("few")
async def test_who_sends_slowly_takes_nobodys_place(runtime: Runtime, refused: Refused) -> None:
    begun, go_on = 0, asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        yield b"{"
        await go_on.wait()
        yield b"}"

    async with over(build_api(runtime)) as http:
        slow = [asyncio.create_task(http.post("/api/query", content=body())) for _ in range(MOST * 3)]
        await until(lambda: begun == MOST * 3)
        refused(await http.post("/api/query", json={"question": "?"}), 401, "not-authenticated")
        go_on.set()
        await asyncio.gather(*slow)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MOST_IN_FLIGHT", str(MOST))
