"""The trace of whoever sent an event travels in it; messages of other releases, and of others, are read."""

import json
from base64 import b64encode
from typing import Any

import pytest

from shared.errors import InvalidRequest
from shared.event_queues.sqlite import SqliteEventQueue
from shared.ingest import versions
from shared.ingest.events import INGEST_QUEUE, StorageEvent, decode, encode, send, traceparent_in
from tests.unit.telemetry.test_traces import TRACEPARENT, Recording

EVENT = StorageEvent(name="shared/a.md")


def test_the_trace_is_read_and_the_rest_is_as_it_was() -> None:
    traced, plain = encode(EVENT, traceparent=TRACEPARENT), encode(EVENT)
    assert (traceparent_in(traced), traceparent_in(plain)) == (TRACEPARENT, "")
    assert decode(traced) == decode(plain) == EVENT
    assert json.loads(traced).keys() - json.loads(plain).keys() == {"traceparent"}, "read over by others"


def in_base64(body: str) -> str:
    return b64encode(body.encode()).decode()


@pytest.mark.parametrize("wrap", [str, "[{}]".format, in_base64])
def test_cloud_events_carry_it_in_the_same_place(wrap: Any) -> None:
    event = {"specversion": "1.0", "type": "Microsoft.Storage.BlobCreated", "traceparent": TRACEPARENT}
    event["subject"] = "/blobServices/default/containers/uploads/blobs/a"
    assert traceparent_in(wrap(json.dumps(event))) == TRACEPARENT


@pytest.mark.parametrize("body", ["", "{", "[]", "7", '{"traceparent": 7}', "[" * 50_000, "\ud800", "Zm9v"])
def test_what_is_no_event_has_none(body: str) -> None:
    assert traceparent_in(body) == ""


async def test_what_is_sent_belongs_to_the_span_of_sending(tmp_path: Any) -> None:
    queue, recording = SqliteEventQueue(tmp_path / "queue.db"), Recording()
    await send(encode(EVENT), queue)
    sending = recording.ended()["send ingest-events"]
    await send(encode(EVENT), queue)
    traced, plain = await queue.receive(INGEST_QUEUE, limit=2, visibility=10)
    assert sending.context is not None
    assert format(sending.context.span_id, "016x") in traceparent_in(traced.body)
    assert (decode(traced.body), traceparent_in(plain.body)) == (EVENT, "")
    await queue.close()


def test_a_fill_event_is_read_whatever_a_later_release_adds() -> None:
    told = {"index": "documents-v2", "document": "shared/a.md", "after": ""}
    later = json.dumps({**told, "traceparent": TRACEPARENT, "priority": 1})
    assert versions.decode(later) == versions.decode(json.dumps(told))
    assert traceparent_in(later) == TRACEPARENT
    for broken in ("[]", "{}", '"x"', "{"):
        with pytest.raises(InvalidRequest):
            versions.decode(broken)
