"""The standalone host as a whole, over a real socket: HTTP, triggers, signals, drain."""

import asyncio
import contextlib
import os
import signal
from typing import Any

import httpx
import pytest

from host.options import HostOptions
from host.standalone import StandaloneHost
from host.web import listen


async def test_it_serves_the_api_and_fires_every_trigger(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    services = small_app.runtime.opened
    async with hosting() as client:
        assert (await client.get("/api/health/live")).text == "ok"
        assert (await client.post("/api/send", content="hello")).status_code == 202
        await eventually(lambda: small_app.fired("on_work"))
        services.blobs.sizes["shared/a.md"] = 1
        services.blobs.rounds.put_nowait({"shared/a.md", "shared/gone.md"})
        await eventually(lambda: small_app.fired("on_blob") and small_app.fired("on_time"))
    (message,) = small_app.fired("on_work")
    assert (message.get_body(), message.dequeue_count, bool(message.pop_receipt)) == (b"hello", 1, True)
    assert small_app.fired("on_time")[0].past_due is True
    assert small_app.announced == [("shared/gone.md", True)]
    assert services.shelf.opened.embedder.questions, "the first question pays for the embedder"
    assert small_app.runtime.is_closed


async def test_http_alone_fires_nothing(small_app: Any, hosting: Any, eventually: Any) -> None:
    async with hosting(only="http") as client:
        await client.post("/api/send", content="waits")
        await eventually(lambda: small_app.runtime.opened.shelf.opened.embedder.questions)
    assert small_app.seen == []
    assert small_app.runtime.opened.queue.bodies("work") == ["waits"]


async def test_triggers_alone_answer_probes_and_nothing_else(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    async with hosting(only="triggers") as client:
        assert (await client.get("/api/health/live")).status_code == 200
        refused = await client.post("/api/send", content="no")
        await eventually(lambda: small_app.fired("on_time"))
    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]


async def test_queues_alone_fire_neither_timers_nor_blob_triggers(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    services = small_app.runtime.opened
    services.blobs.sizes["shared/a.md"] = 1
    services.blobs.rounds.put_nowait({"shared/a.md"})
    async with hosting(only="queues") as client:
        await services.queue.send("work", "hello")
        await eventually(lambda: small_app.fired("on_work"))
        assert (await client.get("/api/health/live")).status_code == 200
        assert (await client.post("/api/send", content="no")).status_code == 404
    assert [name for name, _ in small_app.seen] == ["on_work"]


async def test_only_the_origins_of_the_settings_may_call(hosting: Any) -> None:
    async with hosting() as client:
        for origin, allowed in (
            ("https://app.example", "https://app.example"),
            ("https://evil.example", None),
        ):
            answer = await client.get("/api/health/live", headers={"Origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed


async def test_a_signal_lets_streams_and_functions_finish(
    small_app: Any, hosting: Any, eventually: Any
) -> None:
    ended: list[str] = []

    async def slowly(message: Any) -> None:
        await small_app.stream_may_end.wait()
        ended.append(message.get_body().decode())

    small_app.on_message = slowly
    async with hosting() as client, client.stream("GET", "/api/stream") as answer:
        pieces = answer.aiter_text()
        received = [await anext(pieces)]
        await small_app.runtime.opened.queue.send("work", "in flight")
        await eventually(lambda: small_app.fired("on_work"))
        os.kill(os.getpid(), signal.SIGTERM)
        await _refuses(client.base_url)
        small_app.stream_may_end.set()
        received += [piece async for piece in pieces]
    assert "".join(received) == "first last"
    assert ended == ["in flight"]
    assert small_app.runtime.opened.queue.bodies("work") == []


async def _refuses(address: httpx.URL) -> None:
    """Returns when the address takes no connections any more."""
    async with httpx.AsyncClient(base_url=address, trust_env=False) as other:
        with contextlib.suppress(httpx.TransportError):
            while True:
                await other.get("/api/health/live", headers={"Connection": "close"})


async def test_what_outlives_the_grace_is_handed_back(small_app: Any, hosting: Any, eventually: Any) -> None:
    queue = small_app.runtime.opened.queue

    async def endless(message: Any) -> None:
        await asyncio.Event().wait()

    small_app.on_message = endless
    async with hosting(grace=1):
        await queue.send("work", "endless")
        await eventually(lambda: small_app.fired("on_work"))
    (again,) = await queue.receive("work", limit=1, visibility=1)
    assert again.body == "endless"


async def test_a_store_that_is_down_for_a_moment_does_not_end_the_triggers(
    small_app: Any, hosting: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    queue = small_app.runtime.opened.queue
    queue.fails_with = [ConnectionError("down")]
    async with hosting():
        await queue.send("work", "after all")
        await eventually(lambda: small_app.fired("on_work"))
    assert "loop_crashed" in caplog.text


async def test_services_that_cannot_be_opened_end_the_host_with_their_error(
    small_app: Any, fast: Any
) -> None:
    small_app.runtime.refuses_with = ValueError("RAG_EMBEDDER is wrong")
    host = StandaloneHost(small_app, HostOptions(queues=fast))
    with pytest.raises(ValueError, match="RAG_EMBEDDER"):
        async with asyncio.timeout(10):
            await host.run(listen("127.0.0.1", 0))
