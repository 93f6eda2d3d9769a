"""Probes, metrics and the API's description."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families

from functions.api import build_api
from functions.dependencies import Runtime
from shared.errors import BackendUnavailable, ConfigError
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.metrics import Metrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def measured(http: httpx.AsyncClient) -> Samples:
    response = await http.get("/api/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def labels(**pairs: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs.items())


async def unready(runtime: Runtime, open_services: Callable[[Settings], Any]) -> httpx.Response:
    broken = Runtime(runtime.settings, open_services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(broken)), base_url="http://test"
    ) as http:
        assert (await http.get("/api/health/live")).json() == {"status": "ok"}
        assert (await http.get("/api/metrics")).status_code == 200
        return await http.get("/api/health/ready")


async def test_a_healthy_process_is_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/health/live")).json() == {"status": "ok"}
    ready = await http.get("/api/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ok",
        "checks": {"metadata": "ok", "blobs": "ok", "queue": "ok", "search_index": "ok"},
    }


async def test_alive_does_not_open_the_services(runtime: Runtime, http: httpx.AsyncClient) -> None:
    await http.get("/api/health/live")
    await http.get("/chat")
    assert runtime._opening is None


async def test_services_that_do_not_open_make_it_unready_with_the_reason(runtime: Runtime) -> None:
    async def fail(settings: Settings, metrics: Metrics) -> Services:
        raise BackendUnavailable("metadata store unreachable")

    response = await unready(runtime, fail)
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"services": "metadata store unreachable"},
    }


async def test_the_probe_never_shows_a_setting(runtime: Runtime) -> None:
    async def fail(settings: Settings, metrics: Metrics) -> Services:
        raise ConfigError("OPENAI_BASE_URL: http://key@secret.host is not reachable")

    response = await unready(runtime, fail)
    assert response.status_code == 503
    assert "secret" not in response.text


@pytest.mark.slow
async def test_a_service_that_does_not_answer_is_given_up_after_two_seconds(runtime: Runtime) -> None:
    opened = asyncio.Event()

    async def hang(settings: Settings, metrics: Metrics) -> Services:
        await opened.wait()
        raise BackendUnavailable("too late")

    broken = Runtime(runtime.settings, hang)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(broken)), base_url="http://test"
    ) as http:
        response = await http.get("/api/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"services": "no answer within 2 s"}
    opened.set()
    waiting = broken._opening
    assert waiting is not None
    await asyncio.wait({waiting})
    assert isinstance(waiting.exception(), BackendUnavailable)


async def test_requests_are_counted_by_route_and_status_class(http: httpx.AsyncClient, ada: Any) -> None:
    for document_id in ("a", "b"):
        await ada.http.get(f"/api/documents/{document_id}")
    await http.get("/no/such/path")
    samples = await measured(http)
    route = {"method": "GET", "route": "/api/documents/{document_id}"}
    assert samples["rag_http_requests_total", labels(**route, status="4xx")] == 2
    assert samples["rag_http_request_seconds_count", labels(**route)] == 2
    assert samples["rag_http_requests_total", labels(method="GET", route="unmatched", status="4xx")] == 1


async def test_the_backlog_and_the_documents_are_measured(http: httpx.AsyncClient, ada: Any) -> None:
    uploaded = await ada.upload("notes.md")
    await ada.http.post(f"/api/documents/{uploaded['id']}/retry")
    samples = await measured(http)
    assert samples["rag_queue_messages", labels(queue=INGEST_QUEUE)] == 1
    assert samples["rag_documents", labels(status="queued")] == 1
    assert samples["rag_documents", labels(status="failed")] == 0


async def test_the_pace_and_what_is_parked_are_measured(
    http: httpx.AsyncClient, ada: Any, services: Services
) -> None:
    parked, _, _ = [(await ada.upload(f"{number}.md"))["id"] for number in range(3)]
    samples = await measured(http)
    assert samples["rag_ingest_backlog_documents", labels()] == 3
    assert math.isnan(samples["rag_ingest_expected_seconds", labels()]), "nothing moves"
    assert await services.metadata.park(parked, reason="away", event="{}", now=time.time())
    samples = await measured(http)
    assert samples["rag_documents_parked", labels()] == 1
    assert samples["rag_ingest_backlog_documents", labels()] == 2
    assert samples["rag_ingest_finished_per_minute", labels()] == pytest.approx(0.2)
    assert samples["rag_ingest_expected_seconds", labels()] == pytest.approx(600)


async def test_every_queue_is_measured(http: httpx.AsyncClient, services: Services) -> None:
    await services.queue.send(FILL_QUEUE, "{}")
    samples = await measured(http)
    lengths = {
        dict(pairs)["queue"]: value
        for (name, pairs), value in samples.items()
        if name == "rag_queue_messages"
    }
    assert lengths == {INGEST_QUEUE: 0, POISON_QUEUE: 0, FILL_QUEUE: 1, FILL_POISON_QUEUE: 0}
    assert samples["rag_queue_oldest_seconds", labels(queue=FILL_QUEUE)] >= 0


async def test_stages_are_observed_in_seconds(runtime: Runtime, http: httpx.AsyncClient) -> None:
    runtime.metrics.question_answered(
        degraded=None, cache="miss", timings=(("retrieve", 5.0), ("total", 1500.0))
    )
    runtime.metrics.document_ingested(outcome="indexed", timings=(("parse", 250.0),))
    samples = await measured(http)
    assert samples["rag_query_stage_seconds_sum", labels(stage="total")] == 1.5
    assert samples["rag_ingest_stage_seconds_sum", labels(stage="parse")] == 0.25
    assert samples["rag_answers_total", labels(degraded="none")] == 1
    assert samples["rag_ingestions_total", labels(outcome="indexed")] == 1


async def test_nobody_can_add_labels_by_asking_for_odd_things(http: httpx.AsyncClient) -> None:
    for n in range(20):
        await http.request(f"M{n}", f"/odd/{n}")
    samples = await measured(http)
    odd = [key for key in samples if key[0] == "rag_http_requests_total" and ("method", "other") in key[1]]
    assert len(odd) == 1


async def test_the_description_names_every_operation_after_its_function(
    runtime: Runtime, http: httpx.AsyncClient
) -> None:
    described = (await http.get("/api/openapi.json")).json()
    operations = {
        operation["operationId"] for methods in described["paths"].values() for operation in methods.values()
    }
    routes = [route for route in build_api(runtime).routes if isinstance(route, APIRoute)]
    assert operations == {route.name for route in routes if route.include_in_schema}
