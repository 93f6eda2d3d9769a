"""What every request passes on its way in and every answer on its way out. Put around the API by api.

Plain ASGI, no buffering: streams flow through, and a client that goes away cancels what it asked for.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.limits import client_address
from functions.problems import problem_response
from functions.request_spans import describe, request_span
from shared.errors import InvalidRequest
from shared.security_headers import ANSWER_HEADERS, NOT_STORED
from shared.telemetry import traces
from shared.telemetry.logs import event
from shared.telemetry.metrics import Metrics
from shared.telemetry.origin import Origin, origin

log = logging.getLogger(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # no route matches a line break: it would be told as a wrong method
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE = 499  # the client did not wait; not sent, only counted
_CHAT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {connect}; "
    "img-src 'self' blob:; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types parsed pdf-worker"
)
_DOCS_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # its renderer knows no trusted types
)
_SECURITY = {name.encode(): value.encode() for name, value in ANSWER_HEADERS.items()}
_NOT_STORED = (NOT_STORED[0].encode(), NOT_STORED[1].encode())
_PERMISSIONS = b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
_HTTPS_ONLY = b"max-age=31536000; includeSubDomains"
_BODY_SECONDS = 20.0  # that a piece of a body may keep us waiting, and all of them beside what follows from
_SLOWEST = 4096  # bytes a second


class RequestEdge:
    """Outermost: request id, security headers, one log line and the metrics of each request, and the
    answer to what nobody foresaw.

    `page_origins`: what the chat page may call besides us, where it is anything. `hops`: proxies in front
    of us.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, page_origins: Sequence[str | None], *, hops: int = 0
    ) -> None:
        self._app = app
        self._hops = hops
        self._metrics = metrics
        connect = " ".join(filter(None, ("'self'", *page_origins)))
        policy = _CHAT_POLICY.format(connect=connect).encode()
        self._page_headers = {b"content-security-policy": policy, b"permissions-policy": _PERMISSIONS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        address = client_address(Request(scope), self._hops) or ""
        origin.set(Origin(request_id=request_id, address=address, arrived_at=time.perf_counter()))
        with request_span(scope):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id, started, status = scope["state"]["request_id"], time.perf_counter(), _GONE

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._mark(message, scope, request_id)
            await send(message)

        try:
            if _CONTROL.search(scope["path"]):
                raise InvalidRequest("a path has no control characters")
            await self._app(scope, receive, send_marked)
        except ClientDisconnect:
            status = _GONE
        except Exception as error:
            if status != _GONE:
                raise  # in mid-answer: the server has to cut the connection
            await problem_response(error, request_id, scope["path"])(scope, receive, send_marked)
        finally:
            self._record(scope, status, request_id, time.perf_counter() - started)

    def _mark(self, message: Message, scope: Scope, request_id: str) -> None:
        """Header by header Starlette would look through all of them each time."""
        path = scope["path"]
        told = scope["state"].get("answer_headers", {})  # by what stands before the route
        ours = {name.lower().encode(): value.encode() for name, value in told.items()} | _SECURITY
        ours[b"x-request-id"] = request_id.encode()
        if path == "/chat" or path.startswith("/chat/"):
            ours |= self._page_headers
        elif path == "/api/docs":
            ours |= self._page_headers | {b"content-security-policy": _DOCS_POLICY}
        if self._came_by_https(scope):
            ours[b"strict-transport-security"] = _HTTPS_ONLY
        headers = [header for header in message.get("headers", ()) if header[0] not in ours]
        # Answers are somebody's own; a route that knows better has said so.
        if all(name != _NOT_STORED[0] for name, _ in headers):
            headers.append(_NOT_STORED)
        message["headers"] = headers + list(ours.items())

    def _came_by_https(self, scope: Scope) -> bool:
        """To us, or to a proxy of ours."""
        return scope.get("scheme") == "https" or (
            self._hops > 0 and Headers(scope=scope).get("x-forwarded-proto") == "https"
        )

    def _record(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = scope["state"].get("broke_off", status)  # of a stream that ended in a problem
        describe(traces.current.get(), method=method, route=route, status=status)
        self._metrics.request_answered(
            method=method, route=route, status=f"{status // 100}xx", seconds=seconds
        )
        if scope["state"].get("is_logged"):
            return
        event(
            log,
            "request",
            request_id=request_id,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
        )


class BodyLimit:
    """Refuses bodies past a size without reading them whole, and those that are sent too slowly.

    `by_prefix` says which paths may send more than `default`. Routes that stream their body say so with
    `allow_body`.
    """

    def __init__(self, app: ASGIApp, *, default: int, by_prefix: Mapping[str, int]) -> None:
        self._app = app
        self._default = default
        self._by_prefix = by_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limits = (limit for prefix, limit in self._by_prefix.items() if path.startswith(prefix))
        scope["state"]["body_limit"] = next(limits, self._default)
        received, waited, is_whole = 0, 0.0, False

        async def receive_bounded() -> Message:
            nonlocal received, waited, is_whole
            if is_whole:  # what comes now is that the client goes away
                return await receive()
            if not received:
                _refuse_past(scope, _announced_size(scope))
            began = time.monotonic()
            patience = _BODY_SECONDS + received / _SLOWEST - waited
            message = await _in_time(receive, min(patience, _BODY_SECONDS))
            waited += time.monotonic() - began
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            _refuse_past(scope, received)
            return message

        _refuse_encoded(scope)
        await self._app(scope, receive_bounded, send)


def allow_body(scope: Scope, limit: int) -> None:
    """Let this request send `limit` bytes. For a route that has not read its body yet.

    Errors: `HTTPException` 413 at once if the request says that it is larger.
    """
    scope["state"]["body_limit"] = limit
    _refuse_past(scope, _announced_size(scope))


async def _in_time(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError as error:
        why = "the body comes too slowly"
        raise HTTPException(408, why, headers={"Connection": "close"}) from error


def _refuse_past(scope: Scope, size: int) -> None:
    limit = scope["state"]["body_limit"]
    if size > limit:
        # The framework hands on this kind of error out of its own reading of bodies, and no other.
        raise HTTPException(413, f"the body is too large: at most {limit} bytes are taken here")


def _refuse_encoded(scope: Scope) -> None:
    """What is unpacked here has no limit that anybody could announce."""
    if Headers(scope=scope).get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "a body is taken as it is: send it without Content-Encoding")


def _announced_size(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() and len(announced) < 20 else 0


def _request_id(scope: Scope) -> str:
    offered = Headers(scope=scope).get("x-request-id", "")
    return offered if _SANE_ID.fullmatch(offered) else str(uuid4())
