"""Reading the answer's event stream."""

from cli.ask import events


def test_events_come_with_their_data_and_comments_are_dropped() -> None:
    lines = [
        ": heartbeat",
        "",
        "event: delta",
        'data: {"text": "a: b"}',
        "",
        "event: done",
        'data: {"answer":',
        'data: "a: b"}',
        "",
    ]
    assert list(events(lines)) == [("delta", {"text": "a: b"}), ("done", {"answer": "a: b"})]


def test_a_stream_that_broke_off_gives_no_half_event() -> None:
    assert list(events(["event: delta", 'data: {"text": "a"}'])) == []
