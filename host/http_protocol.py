"""What uvicorn's protocol leaves open: how long and how large a request's head may be, and what somebody
is told whose request is none. Used by web.

Uvicorn waits for a head as long as it takes and keeps whatever comes; what its parser refuses, it refuses
without the headers and the problem that all other answers have.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from host.refusals import refusal

_HEAD_BYTES = 64 * 1024
_HEADERS = 200
_HOSTS = {"1.0": (0, 1), "1.1": (1,)}  # headers of that name by version (RFC 9112 §3.2)
_PATIENCE = 10.0  # seconds for a head, and for the rest of what has its answer already


class HeadError(ValueError):
    """Raised into the parser, which then refuses the request."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = "nothing"  # or a "head" or "body"; "refused": nothing ever again
        self._unread = 0  # bytes since the last that came to something
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._reading == "refused":
            return
        self._unread += len(data)
        super().data_received(data)
        if self._reading != "refused" and self._unread > _HEAD_BYTES:  # trailers are a kind of head, too
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of the request is too large")
        elif self._is_kept_waiting():
            self._wait()

    def on_message_begin(self) -> None:
        self._reading = "head"
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading == "body":
            return  # a trailer: nobody asked for it, and among the headers it would pass for one of them
        if len(self.headers) >= _HEADERS:
            raise HeadError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        hosts = sum(name == b"host" for name, _ in self.headers)
        if size > _HEAD_BYTES or hosts not in _HOSTS.get(self.parser.get_http_version(), ()):
            raise HeadError
        self._reading = "body"
        self._unread = 0
        self._wait_no_longer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._reading = "nothing"
        self._unread = 0
        self._wait_no_longer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._reading == "body":
            self._wait()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's)
        """Called for what the parser cannot read."""
        if self._reading == "head" and len(self.headers) >= _HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request has too many headers")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP request")

    def _is_kept_waiting(self) -> bool:
        """For the rest of a head, or of a body that has its answer; line breaks alone are no request."""
        is_idle = self.cycle is None or self.cycle.response_complete
        return self._reading == "head" or (is_idle and self._reading in ("nothing", "body"))

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(_PATIENCE, self._lose_patience)

    def _wait_no_longer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self._reading == "head":
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request comes too slowly")
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        """Say so and read no more. The connection stays open for a while: closed at once, it would take the
        answer with it while its client is still sending. Whoever was asked for before is answered before."""
        is_body, self._reading = self._reading == "body", "refused"
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            if not is_body or self.pipeline or self.cycle.response_started:
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_written(refusal(status, why)))
        self.transport.write_eof()
        self._wait()


def _written(answer: Response) -> bytes:
    lines = [b"%s: %s\r\n" % header for header in answer.raw_headers]
    status = HTTPStatus(answer.status_code)
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\n".encode()
    return b"".join([head, *lines, b"\r\n", bytes(answer.body)])
