"""Events as the Functions host hands them to queue, blob and timer functions."""

import json
from datetime import UTC, datetime, timedelta

import function_rpc as rpc

from tests.worker.functions_host import FunctionsHost


def fire_queue(host: FunctionsHost, function: str, body: str, *, dequeue_count: int = 1) -> None:
    now = datetime.now(UTC)
    times = {"InsertionTime": now, "NextVisibleTime": now, "ExpirationTime": now + timedelta(days=7)}
    host.run(
        function,
        rpc.TypedData(string=body),
        Id=_text("0a3c0f0e"),
        PopReceipt=_text("receipt"),
        DequeueCount=_text(str(dequeue_count)),
        **{name: _json(time.strftime("%Y-%m-%dT%H:%M:%S+00:00")) for name, time in times.items()},
    )


def fire_blob(host: FunctionsHost, function: str, path: str, content: bytes) -> None:
    """`path` begins with the container's name."""
    container, _, name = path.partition("/")
    properties = {"ContentLength": len(content), "ETag": '"1"', "LastModified": datetime.now(UTC).isoformat()}
    host.run(
        function,
        rpc.TypedData(bytes=content),
        BlobTrigger=_text(path),
        Uri=_text(f"http://127.0.0.1:10000/devstoreaccount1/{container}/{name}"),
        Properties=_json(properties),
        Metadata=_json({}),
        name=_text(name),
    )


def fire_timer(host: FunctionsHost, function: str, *, is_past_due: bool = False) -> None:
    host.run(
        function,
        _json({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": is_past_due}),
    )


def _text(value: str) -> rpc.TypedData:
    return rpc.TypedData(string=value)


def _json(value: object) -> rpc.TypedData:
    return rpc.TypedData(json=json.dumps(value))
