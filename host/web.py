"""HTTP: the socket, uvicorn without its signal handling, and what the host wraps the API in."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Generator
from http import HTTPStatus

import uvicorn
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host.http_protocol import BoundedProtocol
from host.options import HostError
from host.refusals import refusal
from shared.security_headers import ANSWER_HEADERS, NOT_STORED

_PROBES = ("/api/health/", "/api/metrics")
_LIMIT_HEADERS = tuple(f"RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "Policy"))
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_IDLE_SECONDS = 75  # longer than proxies keep a connection (nginx: 60): what they send meets no closed one
_ASKING = ("/api/query", "/api/search", "/api/chat", "/api/v1/")


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow happens; early connections wait in the backlog.

    Port 0 takes a free one. Errors: `HostError`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise HostError(f"{host} is not an address of this machine; use --host 127.0.0.1") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise HostError(_why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; stop what listens there or choose another with --port (make up PORT=…)"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights; choose one above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}"


class Server(uvicorn.Server):
    """Uvicorn as one part of the host: signals are the host's, and it says when it answers."""

    def __init__(self, api: ASGIApp, *, grace: int) -> None:
        super().__init__(
            uvicorn.Config(
                api,
                http=BoundedProtocol,
                access_log=False,
                log_config=None,
                log_level="warning",  # the host says itself when it starts and stops
                server_header=False,
                proxy_headers=False,  # whom to believe is a setting: functions/limits.py
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=grace,
                ws="none",
            )
        )
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def wrap(
    api: ASGIApp, *, only_probes: bool, cors_origins: tuple[str, ...], wrote: Callable[[], None]
) -> ASGIApp:
    """The API as this host serves it. `wrote` is called after every request that may have sent an event."""
    if only_probes:
        return OnlyProbes(api)
    api = TellsWrites(api, wrote)
    if not cors_origins:
        return api
    return Cors(
        api,
        allow_origins=cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["X-Request-Id", "Retry-After", *_LIMIT_HEADERS],
    )


class Cors(CORSMiddleware):
    """An exact list of origins; no cookies, so nothing is allowed that a page could not do with a token."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code == HTTPStatus.OK:
            response.headers.update({**ANSWER_HEADERS, NOT_STORED[0]: NOT_STORED[1]})
            return response
        told = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
        return refusal(HTTPStatus.BAD_REQUEST, "no page of this origin may ask for this", told)


class TellsWrites:
    """Questions, and what was refused, send no events: under load, looking at every queue for each would
    cost most of all."""

    def __init__(self, api: ASGIApp, wrote: Callable[[], None]) -> None:
        self._api = api
        self._wrote = wrote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READING or scope["path"].startswith(_ASKING):
            await self._api(scope, receive, send)
            return
        is_refused = False

        async def send_and_look(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                is_refused = message["status"] >= 400
            await send(message)

        await self._api(scope, receive, send_and_look)
        if not is_refused:
            self._wrote()


class OnlyProbes:
    """Health and metrics alone: what a host without HTTP still answers, for whoever watches it."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_PROBES):
            await self._api(scope, receive, send)
            return
        answer = refusal(HTTPStatus.NOT_FOUND, "this host runs the triggers only")
        await answer(scope, receive, send)
