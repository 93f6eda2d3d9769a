"""The span of a request, by the semantic conventions for HTTP. Used by functions/edge.py.

The path is left out, which may name a document, and so is what clients say of themselves.
"""

from starlette.datastructures import Headers
from starlette.types import Scope

from shared.telemetry import traces
from shared.telemetry.traces import Span

_PROBES = ("/api/health/", "/api/metrics")  # asked every few seconds, and never somebody's trouble
_W3C = ("traceparent", "tracestate")


def request_span(scope: Scope) -> Span:
    """Goes on with the trace of whoever asks, if there is one."""
    if not traces.is_recording() or scope["path"].startswith(_PROBES):
        return traces.NOTHING
    headers = Headers(scope=scope)
    return traces.span(
        "HTTP",  # until it has a route
        kind="server",
        attributes={
            "url.scheme": scope.get("scheme", "http"),
            "network.protocol.version": scope.get("http_version", "1.1"),
            "rag.request_id": scope["state"]["request_id"],
        },
        parent={name: headers[name] for name in _W3C if name in headers},
    )


def describe(span: Span, *, method: str, route: str, status: int) -> None:
    """Once it has its answer. `route` is the template."""
    span.rename(f"{method} {route}")
    span.set(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status},
    )
    if status >= 500:
        span.fail(str(status))
