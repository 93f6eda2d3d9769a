"""Spans: off they are nothing, on they keep their family and say what kind of error left them."""

import asyncio
import logging
import subprocess
import sys
import timeit
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from shared.telemetry import traces
from shared.telemetry.logs import JsonLines, event
from shared.telemetry.otel_tracer import OtelTracer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Spans = dict[str, ReadableSpan]


class Recording:
    """Spans as they were sent, by name, once `ended`."""

    def __init__(self, *, share: bool = True) -> None:
        self._exporter = InMemorySpanExporter()
        sampler = ALWAYS_ON if share else ALWAYS_OFF
        traces.start(OtelTracer(self._open, sampler=sampler), providers={"gpt": "azure.ai.openai"})

    def _open(self) -> SpanExporter:
        return self._exporter

    def ended(self) -> Spans:
        traces.stop(seconds=20)
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def recording() -> Iterator[Recording]:
    yield Recording()
    traces.stop()


def parent_of(span: ReadableSpan) -> str:
    return format(span.parent.span_id, "016x") if span.parent else ""


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return format(span.context.span_id, "016x")


def test_off_neither_the_sdk_nor_an_exporter_is_imported() -> None:
    """The API is the framework's."""
    seen = (
        "[name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))]"
    )
    script = f"import sys, function_app; print({seen})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_off_a_span_costs_next_to_nothing() -> None:
    def spanned() -> None:
        with traces.span("query.retrieve"):
            pass

    def plain() -> None:
        with traces.NOTHING:
            pass

    cost = min(timeit.repeat(spanned, number=20_000, repeat=5)) / min(
        timeit.repeat(plain, number=20_000, repeat=5)
    )
    assert cost < 10, "a call and a look at a variable"


def test_what_is_inside_is_below(recording: Recording) -> None:
    with traces.span("outer"), traces.span("inner"):
        assert len(traces.current.get().traceparent) == len(TRACEPARENT)
    assert traces.current.get() is traces.NOTHING
    spans = recording.ended()
    assert parent_of(spans["inner"]) == id_of(spans["outer"])
    assert parent_of(spans["outer"]) == ""


async def test_a_span_around_a_yield_is_no_parent_and_may_end_in_another_task(recording: Recording) -> None:
    async def said() -> AsyncGenerator[int, None]:
        with traces.span("streamed", is_current=False):
            yield 1
            with traces.span("later"):
                pass
            yield 2

    async with aclosing(said()) as words:
        await asyncio.ensure_future(anext(words))
        await asyncio.ensure_future(anext(words))
    spans = recording.ended()
    assert parent_of(spans["later"]) == ""
    assert not spans["streamed"].status.description


def test_a_remote_parent_and_links_are_taken(recording: Recording) -> None:
    with (
        traces.span("here"),
        traces.span("work", parent={"traceparent": TRACEPARENT}, links=[TRACEPARENT, "nonsense", ""]),
    ):
        pass
    work = recording.ended()["work"]
    assert parent_of(work) == "b7ad6b7169203331"
    assert len(work.links) == 1


@pytest.mark.parametrize("told", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 10_000])
def test_what_is_no_traceparent_begins_a_trace(recording: Recording, told: str) -> None:
    with traces.span("work", parent={"traceparent": told}):
        pass
    assert parent_of(recording.ended()["work"]) == ""


def test_an_error_is_told_by_its_kind_alone(recording: Recording) -> None:
    with pytest.raises(ValueError), traces.span("failed"):
        raise ValueError("there is no file secret.md")
    failed = recording.ended()["failed"]
    assert failed.attributes == {"error.type": "ValueError"}
    assert (failed.status.is_ok, failed.status.description, len(failed.events)) == (False, None, 0)


def test_to_be_cancelled_is_no_failure(recording: Recording) -> None:
    with pytest.raises(asyncio.CancelledError), traces.span("cancelled"):
        raise asyncio.CancelledError
    assert recording.ended()["cancelled"].status.is_ok


def test_what_is_not_sampled_is_not_sent_and_its_trace_says_so() -> None:
    recording = Recording(share=False)
    with traces.span("unseen") as span:
        assert int(span.traceparent[-2:], 16) & 1 == 0
    assert recording.ended() == {}


def test_a_call_of_a_model_follows_the_conventions(recording: Recording) -> None:
    with traces.model_call("chat", "gpt"), traces.model_call("embeddings", "ours"):
        pass
    spans = recording.ended()
    assert spans["chat gpt"].attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt",
    }
    assert (spans["embeddings ours"].attributes or {})["gen_ai.provider.name"] == "rag_functions"


def written(caplog: pytest.LogCaptureFixture) -> str:
    return JsonLines().format(caplog.records[-1])


def test_a_line_names_the_span_that_it_is_written_in(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonLines())
    with traces.span("here") as span:
        event(logging.getLogger("test"), "inside")
        line = written(caplog)
    trace_id, span_id = span.ids
    assert f'"trace_id": "{trace_id}", "span_id": "{span_id}"' in line
    event(logging.getLogger("test"), "outside")
    assert "trace_id" not in written(caplog)


def test_a_line_about_an_error_names_the_innermost_span_that_it_has_left(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        with traces.span("outer"), traces.span("inner") as inner:
            raise ValueError
    except ValueError as error:
        event(logging.getLogger("test"), "failed", error=error)
    assert inner.ids[1] in written(caplog)
