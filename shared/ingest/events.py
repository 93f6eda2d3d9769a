"""Storage events as they travel through the queue `ingest-events`: written in Event Grid's schema, read in
any form in which Event Grid delivers them.

Written by the `ingest_blob` trigger, the reconciler, the retry route and the standalone host; read by
`ingest_event`. An event only names a blob: the pipeline looks at the blob itself.
"""

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from shared.errors import InvalidRequest
from shared.event_queues.base import EventQueue
from shared.telemetry import traces

INGEST_QUEUE = "ingest-events"
POISON_QUEUE = "ingest-events-poison"
CONTAINER = "uploads"

EventType: TypeAlias = Literal["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"]

_SUBJECT = re.compile(
    r"^/blobServices/default/containers/(?P<container>[^/]+)/blobs/(?P<name>.+)$", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class StorageEvent:
    """Something happened to a blob of the container `uploads`."""

    name: str
    type: EventType = "Microsoft.Storage.BlobCreated"


def encode(event: StorageEvent, *, traceparent: str = "") -> str:
    """The body of a queue message. The trace it belongs to stands where CloudEvents has it; who does not know
    of it reads over it."""
    envelope = {
        "id": str(uuid4()),
        "eventType": event.type,
        "subject": f"/blobServices/default/containers/{CONTAINER}/blobs/{event.name}",
        "eventTime": datetime.now(UTC).isoformat(),
        "dataVersion": "",
        "data": {},
    }
    return json.dumps(envelope | ({"traceparent": traceparent} if traceparent else {}))


async def send(body: str, queue: EventQueue) -> None:
    """An event as `encode` writes it, or one that was parked: it belongs to the current trace from now on."""
    with traces.sending(INGEST_QUEUE) as span:
        if span.traceparent:
            body = encode(decode(body), traceparent=span.traceparent)
        await queue.send(INGEST_QUEUE, body)


def decode(body: str) -> StorageEvent:
    """In Event Grid's schema or CloudEvents 1.0, alone or in an array of one, as JSON or base64 of it.

    The subject has the name as it is: percent signs in it are the name's own.
    Errors: `InvalidRequest` for what is not a created or deleted event of the container.
    """
    try:
        envelope = _json_in(body)
        match = _SUBJECT.match(envelope["subject"])
        event_type: EventType = envelope["type" if "specversion" in envelope else "eventType"]
        envelope["subject"].encode()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidRequest("not a storage event") from error
    if match is None or match["container"] != CONTAINER:
        raise InvalidRequest(f"not an event of the container {CONTAINER}")
    if event_type not in ("Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"):
        raise InvalidRequest(f"not a created or deleted event: {event_type}")
    return StorageEvent(name=match["name"], type=event_type)


def traceparent_in(body: str) -> str:
    """Of any of our queues' messages; empty where none is told. Whether it is one, whoever uses it finds."""
    try:
        found = _json_in(body).get("traceparent")
    except (ValueError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _json_in(body: str) -> dict[str, Any]:
    text = body.strip()
    envelope = json.loads(text if text.startswith(("{", "[")) else b64decode(text, validate=True))
    if isinstance(envelope, list):
        (envelope,) = envelope
    if not isinstance(envelope, dict):
        raise TypeError("not an object")
    return envelope
