"""One run of a function that no request fires, as metrics and traces tell it. Put by `functions/ingest.py`
around each: in the functions themselves, so that every host tells it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import azure.functions as func

from functions.dependencies import Runtime
from shared.errors import InvalidRequest
from shared.ingest import upload_traces
from shared.ingest.documents import document_id
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE, decode, traceparent_in
from shared.telemetry import traces
from shared.telemetry.metrics import TriggerOutcome
from shared.telemetry.traces import Span

# The Functions host hands in an invocation's context by this name and type; the standalone host has none.
NO_CONTEXT = cast("func.Context", None)


@dataclass(frozen=True, kw_only=True)
class FiredBy:
    """A `message` of a `queue`, or the `blob` of that name; neither: a timer."""

    context: func.Context = NO_CONTEXT
    queue: str = ""
    message: func.QueueMessage | None = None
    blob: str = ""


@asynccontextmanager
async def invocation(function: str, runtime: Runtime, fired_by: FiredBy) -> AsyncIterator[None]:
    began = time.perf_counter()
    outcome: TriggerOutcome = "failed"
    try:
        span = traces.NOTHING
        if traces.is_recording():
            span = await _span(function, runtime, fired_by)
        with span:
            yield
        outcome = "done"
    except asyncio.CancelledError:  # a host that stops
        outcome = "cancelled"
        raise
    finally:
        runtime.metrics.trigger_ended(function, outcome, time.perf_counter() - began)


async def _span(function: str, runtime: Runtime, fired_by: FiredBy) -> Span:
    """Below who sent the message, else below who uploaded the blob, else below the host's own invocation."""
    attributes: dict[str, str | int | float | bool] = {"rag.function": function}
    parent, blob, queue, message = "", fired_by.blob, fired_by.queue, fired_by.message
    if message is not None:
        body = message.get_body().decode("utf-8", "replace")
        parent, blob = traceparent_in(body), _blob_in(body, queue)
        attributes |= traces.message(queue, "process")
        attributes |= {"messaging.message.id": message.id or "", "rag.attempt": message.dequeue_count or 1}
    if blob:
        attributes |= {"rag.document_id": document_id(blob)}
        parent = parent or await upload_traces.find(blob, (await runtime.services()).cache)
    context = fired_by.context
    invoked = context.trace_context.trace_parent if context is not NO_CONTEXT else ""
    return traces.span(
        f"process {queue}" if queue else function,
        kind="consumer" if queue or blob else "internal",
        attributes=attributes,
        parent={"traceparent": parent or invoked},
        links=[invoked] if parent and invoked else [],
    )


def _blob_in(body: str, queue: str) -> str:
    if queue not in (INGEST_QUEUE, POISON_QUEUE):
        return ""
    try:
        return decode(body).name
    except InvalidRequest:
        return ""
