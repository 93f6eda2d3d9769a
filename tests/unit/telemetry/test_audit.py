"""The audit trail: whatever stands in its fields, each act is one line with exactly its own fields."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry.audit import audit, pseudonym
from shared.telemetry.logs import JsonLines, ShortText
from shared.telemetry.origin import Origin, origin

FIELDS = ["act", "outcome", "actor", "subject", "reason", "address", "request_id"]
FORGERIES = (
    'x"}\n{"time": "2026-11-23T08:00:00", "level": "INFO", "event": "audit", "actor": "root"}',
    "x\r\n12:00:00 INFO    audit act=deleted actor=root",
    "x outcome=done actor=root",
    'x" actor="root',
    "x\\",
    "\x1b[2K\x1b[1A\x1b]0;owned\x07",
    "\x9b2J",
    "x\u2028audit\u2029audit\x85audit\x0baudit\x0caudit\x1caudit",
    "\u202eabc\u2066def\u200f\ufeff",
    "\ud800 \udfff",
    "\x00\x7f",
    "%s %(levelname)s {0}",
)
anything = st.one_of(st.sampled_from(FORGERIES), st.text(st.characters(codec=None), max_size=60))


@contextmanager
def lines_of(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    stream, logger = io.StringIO(), logging.getLogger("shared.telemetry.audit")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)


def audit_all(values: list[str]) -> dict[str, str]:
    actor, subject, reason, address, request_id = values
    token = origin.set(Origin(request_id=request_id, address="192.0.2.7"))
    try:
        audit("deleted", actor=actor, subject=subject, reason=reason, address=address)
    finally:
        origin.reset(token)
    wanted = ["deleted", "done", actor, subject, reason, address or "192.0.2.7", request_id]
    return dict(zip(FIELDS, wanted, strict=True))


@given(st.lists(anything, min_size=5, max_size=5))
def test_no_value_adds_a_line_or_a_field_to_the_json(values: list[str]) -> None:
    with lines_of(JsonLines()) as stream:
        wanted = audit_all(values)
    written = stream.getvalue()
    assert re.fullmatch(r"[ -~]+\n", written)
    pairs = json.loads(written, object_pairs_hook=list)
    assert [name for name, _ in pairs] == ["time", "level", "logger", "event", *FIELDS]
    assert {name: value for name, value in pairs if name in FIELDS} == wanted


@given(st.lists(anything, min_size=5, max_size=5))
def test_no_value_adds_a_line_or_a_field_to_the_short_text(values: list[str]) -> None:
    with lines_of(ShortText()) as stream:
        wanted = audit_all(values)
    written = stream.getvalue()
    assert written.endswith("\n")
    assert written[:-1].isprintable()
    shown = re.findall(r' (\w+)=("(?:[^"\\]|\\.)*"|[^\s"\\=]+)', written)
    assert [name for name, _ in shown] == FIELDS
    assert {name: json.loads(value) if value[0] == '"' else value for name, value in shown} == wanted


def test_an_error_cannot_write_the_next_line_of_the_short_text() -> None:
    with lines_of(ShortText()) as stream:
        try:
            raise ValueError("x\n12:00:00 INFO    audit act=deleted\x1b[2J\u2028y")
        except ValueError:
            logging.getLogger("shared.telemetry.audit").exception("failed\nagain")
    first, *others = stream.getvalue().splitlines()
    assert "failed\\nagain" in first
    assert all(line.startswith("  ") and line.isprintable() for line in others)


def test_a_long_value_is_cut() -> None:
    with lines_of(JsonLines()) as stream:
        audit("refused", actor="u" * 10_000, outcome="refused", reason="\u2028" * 10_000)
    assert len(stream.getvalue()) < 5_000


def test_an_act_is_written_where_only_warnings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    with lines_of(JsonLines()) as stream:
        audit("signed_in", actor="u1")
    assert json.loads(stream.getvalue())["actor"] == "u1"


def test_outside_of_a_request_there_is_no_origin() -> None:
    with lines_of(JsonLines()) as stream:
        audit("user_changed", actor="", subject="u2")
    assert json.loads(stream.getvalue())["request_id"] == ""


def test_an_address_tried_is_told_by_a_pseudonym() -> None:
    told = pseudonym("  Ada@Example.com ")
    assert told == pseudonym("ada@example.com") != pseudonym("eve@example.com")
    assert "ada" not in told.lower()
    assert pseudonym("\ud800@example.com").startswith("email:")
