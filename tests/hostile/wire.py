"""Speaking to a host byte by byte, as no client library would. Used by the tests of this folder."""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from httptools import HttpResponseParser

_PATIENCE = 30.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)


class _Reader:
    """What httptools calls while it reads answers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.parser = HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body = b""

    def on_message_begin(self) -> None:
        self._headers, self._body = [], b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode().lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        self.answers.append(Answer(status=status, headers=self._headers, body=self._body))


def talk(port: int, sent: Iterable[bytes], *, wants: int = 1, patience: float = _PATIENCE) -> list[Answer]:
    """The answers to what is sent, piece by piece; those of a 1xx status too.

    It ends with `wants` final answers, or when the host closes the connection. Errors: `TimeoutError`.
    """
    reader, until = _Reader(), time.monotonic() + patience
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        try:
            for piece in sent:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said what it had to say
        while sum(answer.status >= 200 for answer in reader.answers) < wants:
            connection.settimeout(max(0.01, until - time.monotonic()))
            try:
                received = connection.recv(65536)
            except ConnectionResetError:
                break
            if not received:
                break
            reader.parser.feed_data(received)
    return reader.answers


def request(method: str, target: str, *headers: str, body: bytes = b"", host: str | None = "rag") -> bytes:
    """A request as bytes; with a body its length is told, unless a header tells another."""
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *headers]
    if body and not any(header.lower().startswith(("content-length", "transfer-")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
