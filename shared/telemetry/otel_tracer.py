"""`OtelTracer`: records spans with OpenTelemetry's SDK and sends them in batches from a thread of its own.

Opened by compose where traces are wanted. Nothing here waits for whoever takes the spans: what he does not
take is dropped, and the log says so once.
"""

import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextvars import Token
from types import TracebackType
from typing import Self

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import __version__
from shared.telemetry.logs import event
from shared.telemetry.traces import Attributes, Carrier, Kind, Span, current, leave_ids

log = logging.getLogger(__name__)

_KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}
_MOST_CHARACTERS = 300  # of a reason
_W3C = TraceContextTextMapPropagator()
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


class OtelTracer:
    """`sampler`: None for what OTEL_TRACES_SAMPLER says. `open_exporter` is called by the sending thread, so
    that a start does not wait for its imports."""

    def __init__(self, open_exporter: Callable[[], SpanExporter], *, sampler: Sampler | None) -> None:
        self._provider = TracerProvider(sampler=sampler, resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Outlet(open_exporter)))
        self._tracer = self._provider.get_tracer("rag_functions", __version__)

    def begin(
        self,
        name: str,
        *,
        kind: Kind,
        attributes: Attributes,
        parent: Carrier | None,
        links: Sequence[str],
        is_current: bool,
    ) -> "Recorded":
        begun = self._tracer.start_span(
            name,
            context=_context(parent),
            kind=_KINDS[kind],
            attributes=attributes,
            links=[trace.Link(found) for each in links if (found := _remote(each)).is_valid],
            record_exception=False,
            set_status_on_exception=False,
        )
        return Recorded(begun, is_current=is_current)

    def stop(self, seconds: float) -> None:
        # Its own end would wait half a minute for somebody who does not take what is left.
        ending = threading.Thread(target=self._provider.shutdown, name="traces end", daemon=True)
        ending.start()
        ending.join(seconds)


class Recorded:
    """A span of OpenTelemetry's as `traces.Span`."""

    def __init__(self, span: trace.Span, *, is_current: bool) -> None:
        self.span = span
        self._is_current = is_current
        self._before: Token[Span] | None = None

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(self.span, Context()))
        return carrier.get("traceparent", "")

    @property
    def ids(self) -> tuple[str, str]:
        found = self.span.get_span_context()
        return trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)

    def set(self, attributes: Attributes) -> None:
        self.span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        self.span.update_name(name)

    def fail(self, kind: str) -> None:
        self.span.set_attribute("error.type", kind)
        self.span.set_status(trace.StatusCode.ERROR)

    def __enter__(self) -> Self:
        if self._is_current:
            self._before = current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            current.reset(self._before)
        if isinstance(error, Exception):  # to be cancelled or closed is no failure
            self.fail(type(error).__name__)
            leave_ids(error, self.ids)
        self.span.end()


class _LastWords(logging.Handler):
    """Keeps what those who send have last complained of: they would log it with each batch."""

    text = "they were not taken"

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.text = record.getMessage()


class _Outlet(SpanExporter):
    """Opens the exporter with the first batch; says once that it fails, and once that it works again."""

    def __init__(self, open_exporter: Callable[[], SpanExporter]) -> None:
        self._open_exporter = open_exporter
        self._exporter: SpanExporter | None = None
        self._is_failing = False
        self._last_words = _LastWords()
        for name in ("opentelemetry", "azure.monitor"):
            foreign = logging.getLogger(name)
            foreign.propagate = False
            foreign.handlers = [self._last_words]

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            if self._exporter is None:
                self._exporter = self._open_exporter()
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - a vendor's code at the edge of the process: nobody else is told
            self._note(is_failing=True, reason=f"{type(error).__name__}: {error}")
            return SpanExportResult.FAILURE
        self._note(is_failing=result is not SpanExportResult.SUCCESS, reason=self._last_words.text)
        return result

    def shutdown(self) -> None:
        if self._exporter is not None:
            self._exporter.shutdown()

    def _note(self, *, is_failing: bool, reason: str) -> None:
        if is_failing and not self._is_failing:
            reason = _CREDENTIALS.sub("//", reason)[:_MOST_CHARACTERS]
            event(log, "traces_not_sent", level=logging.WARNING, reason=reason)
        elif self._is_failing and not is_failing:
            event(log, "traces_sent_again")
        self._is_failing = is_failing


def _resource() -> Resource:
    """What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before ours."""
    ours = {
        "service.name": "rag-functions",
        "service.version": __version__,
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
    }
    return Resource(ours).merge(OTELResourceDetector().detect())


def _context(parent: Carrier | None) -> Context:
    if parent:
        return _W3C.extract(parent, Context())
    above = current.get()
    return trace.set_span_in_context(above.span, Context()) if isinstance(above, Recorded) else Context()


def _remote(traceparent: str) -> trace.SpanContext:
    found = _W3C.extract({"traceparent": traceparent}, Context())
    return trace.get_current_span(found).get_span_context()
