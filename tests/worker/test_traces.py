"""Traces under the real worker: they go on with those of the Functions host."""

from pathlib import Path
from typing import Any

import pytest

from shared.ingest.events import StorageEvent, encode
from tests.stand_ins.otlp_receiver import Receiver

ROOT = Path(__file__).parents[2]
TRACE = "0af7651916cd43dd8448eb211c80319c"
INVOCATION = f"00-{TRACE}-00f067aa0ba902b7-01"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def test_requests_and_messages_are_below_the_hosts_invocations(
    start_host: Any, local_profile: dict[str, str]
) -> None:
    from tests.worker.events import fire_queue

    with Receiver() as receiver:
        sending = {
            "RAG_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with start_host(ROOT, **local_profile, **sending) as (host, client):
            client.get("/api/documents", headers={"traceparent": INVOCATION})
            host.traceparent = INVOCATION
            fire_queue(host, "ingest_event", encode(StorageEvent(name="shared/none.md")))
            names = ("GET /api/documents", "process ingest-events")
            receiver.wait_until(lambda: all(map(receiver.named, names)))
    for name in names:
        (span,) = receiver.named(name)
        assert (span.trace_id, span.parent_id) == (TRACE, "00f067aa0ba902b7")
