"""What takes traces over OTLP/HTTP, as a collector does, and remembers the spans."""

import gzip
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_PATIENCE = 30.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Span:
    name: str
    kind: str  # SERVER, CONSUMER, …
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]  # span ids
    attributes: Mapping[str, Any]
    is_failed: bool
    service: str
    instance: str


@dataclass(kw_only=True)
class Receiver:
    """`status` is what it answers, after `delay` seconds."""

    status: int = 200
    delay: float = 0.0
    requests: int = 0
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < until, "\n".join(f"{each.trace_id} {each.name}" for each in self.spans)
            time.sleep(0.05)

    def named(self, name: str) -> list[Span]:
        return [each for each in self.spans if each.name == name]

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.requests += 1
        self.headers.append(headers)
        self.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for of_resource in request.resource_spans:
            resource = _attributes(of_resource.resource.attributes)
            for of_scope in of_resource.scope_spans:
                self.spans += [_span(each, resource) for each in of_scope.spans]


def _span(told: Any, resource: Mapping[str, Any]) -> Span:
    return Span(
        name=told.name,
        kind=told.SpanKind.Name(told.kind).removeprefix("SPAN_KIND_"),
        trace_id=told.trace_id.hex(),
        span_id=told.span_id.hex(),
        parent_id=told.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in told.links),
        attributes=_attributes(told.attributes),
        is_failed=told.status.code == told.status.STATUS_CODE_ERROR,
        service=resource["service.name"],
        instance=resource["service.instance.id"],
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if receiver.delay:
                time.sleep(receiver.delay)
            if receiver.status == 200:
                receiver.take(body, dict(self.headers))
            else:
                receiver.requests += 1
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are told by what is remembered."""

    return Handler
