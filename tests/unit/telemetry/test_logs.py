"""Logs: one line per event, whatever its fields hold."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from shared.telemetry.logs import JsonLines, ShortText, complete, event


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> Iterator[logging.Logger]:
    logger = logging.getLogger(__name__)
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger
    logger.removeHandler(handler)


def test_an_event_is_one_line_of_json(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.handlers[0].setFormatter(JsonLines())
    event(logger, "indexed", document_id="d1", pages=3, note='two\nlines "quoted"')
    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert line["event"] == "indexed"
    assert (line["level"], line["document_id"], line["pages"]) == ("INFO", "d1", 3)


def test_what_is_passed_as_extra_is_a_field(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.handlers[0].setFormatter(JsonLines())
    logger.warning("index_rebuilt", extra={"reason": "it was damaged"})
    line = json.loads(stream.getvalue())
    assert set(line) == {"time", "level", "logger", "event", "reason"}
    assert line["reason"] == "it was damaged"


def test_a_traceback_stays_on_the_line(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.handlers[0].setFormatter(JsonLines())
    try:
        raise ValueError("broken")
    except ValueError as error:
        event(logger, "failed", level=logging.ERROR, error=error)
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: broken" in json.loads(stream.getvalue())["exception"]


def test_a_terminal_gets_short_text_that_no_value_can_break(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    logger.handlers[0].setFormatter(ShortText())
    event(logger, "rejected", name="a\nERROR forged=1", size=3)
    assert stream.getvalue().endswith(' INFO    rejected name="a\\nERROR forged=1" size=3\n')


def test_what_is_below_the_level_is_not_written(logger: logging.Logger, stream: io.StringIO) -> None:
    event(logger, "detail", level=logging.DEBUG)
    assert stream.getvalue() == ""


def test_records_of_other_libraries_are_lines_too(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.handlers[0].setFormatter(JsonLines())
    logger.warning("listening on %s", 7071)
    assert json.loads(stream.getvalue())["event"] == "listening on 7071"


def test_a_handler_without_a_form_of_its_own_gets_the_fields_too(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the worker of the Functions host sets one up."""
    bare, own = logging.StreamHandler(stream), logging.StreamHandler(io.StringIO())
    own.setFormatter(ShortText())
    monkeypatch.setattr(logging.getLogger(), "handlers", [bare, own])
    complete()
    event(logging.getLogger("worker"), "indexed", level=logging.WARNING, document_id="d1")
    assert json.loads(stream.getvalue())["document_id"] == "d1"
    assert isinstance(own.formatter, ShortText)
