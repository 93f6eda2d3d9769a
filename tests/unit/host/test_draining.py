"""After a signal, over a real socket: requests are still answered, each the last of its connection; work is
taken no more. And the time that all of this gets.
"""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

import httpx
import pytest

from cli.serve import ending_by
from host.draining import Draining
from host.options import HostOptions
from shared.settings import read_settings


async def _api(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


async def test_until_it_begins_nothing_of_it_is_noticed() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Draining(_api)), base_url="http://host"
    ) as client:
        for path in ("/api/health/ready", "/api/query"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text, dict(answer.headers)) == (200, "here", {})


async def test_from_then_on_it_is_not_ready_and_every_answer_ends_its_connection() -> None:
    draining = Draining(_api)
    draining.begin()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(draining), base_url="http://host") as client:
        ready = await client.get("/api/health/ready")
        other = await client.get("/api/health/live")
    assert (ready.status_code, ready.json()) == (503, {"status": "draining", "checks": {}})
    assert ready.headers["cache-control"] == "no-store"
    assert (other.status_code, other.text) == (200, "here")
    assert ready.headers["connection"] == other.headers["connection"] == "close"


@pytest.mark.parametrize("only", [None, "http", "triggers", "queues"])
async def test_a_host_that_drains_says_so_at_once_and_goes_on_answering(hosting: Any, only: Any) -> None:
    async with hosting(only=only, drain=1) as client:
        assert "connection" not in (await client.get("/api/health/live")).headers
        os.kill(os.getpid(), signal.SIGTERM)
        ready = await client.get("/api/health/ready")
        assert ready.json()["status"] == "draining"
        live = await client.get("/api/health/live")
        assert (live.status_code, live.headers["connection"]) == (200, "close")
        began = asyncio.get_running_loop().time()
        with suppress(httpx.TransportError):
            while True:
                await client.get("/api/health/live")
        assert asyncio.get_running_loop().time() - began > 0.5


async def test_a_host_that_drains_takes_no_message_any_more(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    async with hosting(drain=1) as client:
        await eventually(lambda: small_app.fired("on_time"))
        os.kill(os.getpid(), signal.SIGTERM)
        assert (await client.get("/api/health/ready")).status_code == 503
        assert (await client.post("/api/send", content="waits")).status_code == 202
    assert small_app.fired("on_work") == []
    assert small_app.runtime.opened.queue.bodies("work") == ["waits"]


async def test_what_runs_may_use_the_drain_and_the_grace(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    ended: list[bytes] = []

    async def slowly(message: Any) -> None:
        await asyncio.sleep(1.5)
        ended.append(message.get_body())

    small_app.on_message = slowly
    async with hosting(drain=1, grace=1):
        await small_app.runtime.opened.queue.send("work", "slow")
        await eventually(lambda: small_app.fired("on_work"))
    assert ended == [b"slow"]
    assert small_app.runtime.opened.queue.bodies("work") == []


@pytest.mark.parametrize(
    ("settings", "drain", "grace"),
    [
        ({}, 0, 35),
        ({"answer_timeout_seconds": 90.5}, 0, 96),
        ({"drain_seconds": 10, "grace_seconds": 45}, 10, 45),
        ({"grace_seconds": 0}, 0, 0),
    ],
)
def test_the_grace_is_longer_than_the_longest_answer_unless_it_is_set(
    settings: dict[str, Any], drain: int, grace: int
) -> None:
    options = ending_by(read_settings(**settings), HostOptions(only="http"))
    assert (options.only, options.drain, options.grace) == ("http", drain, grace)
