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


def encode(event: StorageEvent) -> str:
    """The body of a queue message."""
    return json.dumps(
        {
            "id": str(uuid4()),
            "eventType": event.type,
            "subject": f"/blobServices/default/containers/{CONTAINER}/blobs/{event.name}",
            "eventTime": datetime.now(UTC).isoformat(),
            "dataVersion": "",
            "data": {},
        }
    )


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


def _json_in(body: str) -> dict[str, Any]:
    text = body.strip()
    envelope = json.loads(text if text.startswith(("{", "[")) else b64decode(text, validate=True))
    if isinstance(envelope, list):
        (envelope,) = envelope
    if not isinstance(envelope, dict):
        raise TypeError("not an object")
    return envelope
