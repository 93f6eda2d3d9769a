"""What Prometheus is told."""

import asyncio
import math
import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from functions.dependencies import Runtime
from functions.invocations import FiredBy, invocation
from functions.measurements import Measurements
from shared import __version__
from shared.domain import DocumentStatus, IndexState, Turn
from shared.errors import BackendUnavailable
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.services import Services

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


@pytest.fixture(autouse=True)
def always_fresh(api: FastAPI, runtime: Runtime) -> None:
    """Each time that the metrics are read the stores are looked at."""
    api.state.measurements = Measurements(runtime, least=0, times=0)


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
        degraded=None, outcome="cited", cache="miss", timings=(("retrieve", 5.0), ("total", 1500.0))
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


async def test_odd_routes_methods_and_ids_add_no_series(http: httpx.AsyncClient, ada: Any) -> None:
    async def ask_for_odd_things(marker: str) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        for n in range(30):
            await http.request(f"M{marker}{n}", f"/odd/{marker}/{n}")
            await ada.http.get(f"/api/documents/{marker}{n}", headers={"X-Request-Id": f"{marker}{n}"})
            await ada.http.delete(f"/api/conversations/{marker}%00{n}")
            await ada.http.post("/api/feedback", json={"rating": f"{marker}{n}"})
        return set(await measured(http))

    await measured(http)  # which is a request of its own
    first = await ask_for_odd_things("a")
    assert await ask_for_odd_things("b") == first
    assert not [pairs for _, pairs in first if any("odd" in value for _, value in pairs)]


async def test_the_version_and_the_memory_are_told(http: httpx.AsyncClient) -> None:
    samples = await measured(http)
    assert samples["rag_build_info", labels(version=__version__)] == 1
    assert samples["rag_worker_memory_bytes", labels(worker="host")] > 10_000_000
    assert ("rag_worker_memory_bytes", labels(worker="parser")) in samples


async def test_ratings_are_counted(http: httpx.AsyncClient, ada: Any, services: Services) -> None:
    now = time.time()
    await services.metadata.add_turn(
        "c1", ada.user_id, Turn(question="?", answer="!", citations=(), asked_at=now), title="", max_turns=5
    )
    for rating in ("up", "down", "down"):
        body = {"conversation_id": "c1", "request_id": "r1", "rating": rating, "comment": ""}
        assert (await ada.http.post("/api/feedback", json=body)).status_code == 201
    samples = await measured(http)
    assert samples["rag_feedback_total", labels(rating="up")] == 1
    assert samples["rag_feedback_total", labels(rating="down")] == 2


async def test_runs_of_functions_are_counted_by_how_they_end(
    http: httpx.AsyncClient, runtime: Runtime
) -> None:
    async with invocation("reconcile", runtime, FiredBy()):
        pass
    for error in (BackendUnavailable("down"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with invocation("reconcile", runtime, FiredBy()):
                raise error
    samples = await measured(http)
    for outcome in ("done", "failed", "cancelled"):
        assert samples["rag_triggers_total", labels(function="reconcile", outcome=outcome)] == 1
    assert samples["rag_trigger_seconds_count", labels(function="reconcile")] == 3


async def test_index_versions_are_told_by_state_with_the_documents_that_they_have(
    http: httpx.AsyncClient, ada: Any, services: Services
) -> None:
    live = await services.shelf.live()
    uploaded = await ada.upload("notes.md")
    blob = await services.blobs.head(f"users/{ada.user_id}/notes.md")
    assert blob is not None
    claimed = await services.metadata.claim(uploaded["id"], blob, now=time.time())
    assert claimed is not None
    assert await services.metadata.publish(
        claimed.id, claimed.claimed_version, index=live.name, content_hash="", title="", pages=1,
        page_kind="page", chunks=1, timings=(), now=time.time(),
    )  # fmt: skip
    samples = await measured(http)
    assert samples["rag_index_versions", labels(state=IndexState.LIVE)] == 1
    assert samples["rag_index_versions", labels(state=IndexState.BUILDING)] == 0
    assert samples["rag_index_documents", labels(state=IndexState.LIVE)] == 1


async def test_what_a_store_does_not_tell_has_no_old_value(
    http: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await measured(http)  # which is a request of its own
    before = await measured(http)
    assert before["rag_queue_messages", labels(queue=INGEST_QUEUE)] == 0

    async def unreachable(*_: object, **__: object) -> int:
        raise BackendUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(services.queue, "length", unreachable)
        patched.setattr(services.metadata, "count_parked", unreachable)
        samples = await measured(http)
    assert not [name for name, _ in samples if name.startswith("rag_queue_")]
    assert ("rag_documents", labels(status=DocumentStatus.QUEUED)) not in samples
    assert math.isnan(samples["rag_documents_parked", labels()])
    assert samples["rag_index_versions", labels(state=IndexState.LIVE)] == 1, "others are told"
    assert (await measured(http)).keys() == before.keys()


async def test_whoever_asks_often_is_told_of_the_same_look(
    api: FastAPI,
    http: httpx.AsyncClient,
    runtime: Runtime,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    count = services.metadata.count_documents

    async def counted(**given: Any) -> Any:
        nonlocal looks
        looks += 1
        return await count(**given)

    monkeypatch.setattr(services.metadata, "count_documents", counted)
    api.state.measurements = Measurements(runtime, least=60)
    await asyncio.gather(*(measured(http) for _ in range(10)))
    await measured(http)
    assert looks == 1


async def test_a_look_that_took_long_stands_longer(
    api: FastAPI,
    http: httpx.AsyncClient,
    runtime: Runtime,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, took = 100.0, 3.0
    looks: list[float] = []
    count = services.metadata.count_documents

    async def slow(**given: Any) -> Any:
        nonlocal now
        looks.append(now)
        now += took
        return await count(**given)

    monkeypatch.setattr(services.metadata, "count_documents", slow)
    api.state.measurements = Measurements(runtime, clock=lambda: now)
    for later in (0.0, 59.0, 1.5):
        now += later
        await measured(http)
    assert looks == [100.0, 163.5]
