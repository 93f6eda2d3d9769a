"""The span of a trigger: below whoever caused it, with the attempt, also under the Functions host."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage
from fastapi import FastAPI

from functions.dependencies import Runtime
from functions.invocations import FiredBy, invocation
from shared.errors import BackendUnavailable
from shared.ingest.events import INGEST_QUEUE, StorageEvent, encode
from shared.ingest.versions import FILL_QUEUE
from shared.services import Services
from tests.unit.telemetry.test_traces import TRACEPARENT, Recording, id_of, parent_of

WORK = "process ingest-events"
HOST = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


@pytest.fixture
def recording() -> Iterator[Recording]:
    recording = Recording()
    yield recording
    recording.ended()


def context(traceparent: str) -> func.Context:
    told = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=traceparent, trace_state=""))
    return cast("func.Context", told)


def message(body: str, *, attempt: int = 1) -> func.QueueMessage:
    return cast("func.QueueMessage", QueueMessage(id="m", body=body, dequeue_count=attempt))


async def run(runtime: Runtime, body: str, *, attempt: int = 1, **fired_by: Any) -> None:
    by = FiredBy(queue=INGEST_QUEUE, message=message(body, attempt=attempt), **fired_by)
    async with invocation("ingest_event", runtime, by):
        pass


async def test_it_is_below_the_message_with_the_attempt_and_linked_to_the_hosts_invocation(
    recording: Recording, runtime: Runtime
) -> None:
    body = encode(StorageEvent(name="shared/a.md"), traceparent=TRACEPARENT)
    await run(runtime, body, attempt=3, context=context(HOST))
    span = recording.ended()[WORK]
    assert parent_of(span) == "b7ad6b7169203331"
    assert [format(link.context.span_id, "016x") for link in span.links] == ["00f067aa0ba902b7"]
    assert (span.attributes or {})["rag.attempt"] == 3


async def test_without_a_trace_in_the_message_it_is_below_the_hosts_invocation(
    recording: Recording, runtime: Runtime
) -> None:
    await run(runtime, encode(StorageEvent(name="shared/a.md")), context=context(HOST))
    span = recording.ended()[WORK]
    assert (parent_of(span), len(span.links)) == ("00f067aa0ba902b7", 0)


@pytest.mark.parametrize("body", ["", "{", "\x00", '{"subject": 7, "eventType": 7, "traceparent": 7}'])
async def test_what_is_no_event_is_a_span_all_the_same(
    recording: Recording, runtime: Runtime, body: str
) -> None:
    await run(runtime, body)
    assert "rag.document_id" not in (recording.ended()[WORK].attributes or {})


async def test_a_failing_store_is_the_functions_own_failure_and_counted(
    recording: Recording, runtime: Runtime
) -> None:
    async def closed(*_: object) -> Services:
        raise BackendUnavailable("down")

    broken = Runtime(runtime.settings, closed)
    with pytest.raises(BackendUnavailable):
        await run(broken, encode(StorageEvent(name="shared/a.md")))
    assert b'rag_triggers_total{function="ingest_event",outcome="failed"} 1.0' in broken.metrics.text()


async def test_a_fill_and_a_timer_are_spans_too(recording: Recording, runtime: Runtime) -> None:
    fill = FiredBy(queue=FILL_QUEUE, message=message('{"index": "documents-v2"}'))
    async with invocation("fill_index", runtime, fill):
        pass
    async with invocation("reconcile", runtime, FiredBy()):
        pass
    assert {"process index-fills", "reconcile"} <= recording.ended().keys()


async def test_an_upload_is_found_by_its_ingestion_and_a_retry_is_a_trace_of_its_own(
    recording: Recording, runtime: Runtime, api: FastAPI, ada: Any, services: Services
) -> None:
    uploaded = await ada.upload("notes.md")
    await run(runtime, encode(StorageEvent(name=f"users/{ada.user_id}/notes.md")))
    await ada.http.post(f"/api/documents/{uploaded['id']}/retry")
    (retried,) = await services.queue.receive(INGEST_QUEUE, limit=1, visibility=10)
    spans = recording.ended()
    assert parent_of(spans[WORK]) == id_of(spans["PUT /api/documents/{path:path}"])
    assert id_of(spans["send ingest-events"]) in retried.body
    assert parent_of(spans["send ingest-events"]) == id_of(spans["POST /api/documents/{document_id}/retry"])
