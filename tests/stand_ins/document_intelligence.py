"""Azure AI Document Intelligence on loopback, over TLS, for the real SDK: analyses, polling, refusals.

In tests: `with DocumentIntelligence() as service:`, then `service.url`, `service.pages`, `service.fail(…)`.
"""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.stand_ins import tls

KEY = "a-key"
_ANALYZE = "/documentintelligence/documentModels/prebuilt-layout:analyze"
_RESULTS = "/documentintelligence/documentModels/prebuilt-layout/analyzeResults/"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    status: int
    body: dict[str, Any]
    retry_after: str | None = None
    in_polling: bool = False


class DocumentIntelligence:
    """`pages`: what it reads on each page of any file; a table is a list of rows."""

    def __init__(self) -> None:
        self.pages: list[str | list[list[str]]] = []
        self.polls_before_done = 1
        self.asked: list[dict[str, Any]] = []  # queries of the analyses so far, with their `body` and `key`
        self.refusal: Refusal | None = None
        self.polls = 0
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.socket = tls.server_context().wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self._http.service = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._http.server_address[1]}"

    def fail(self, status: int, code: str, *, inner: str = "", **more: Any) -> None:
        error = {"code": code, "message": "no", "innererror": {"code": inner, "message": "no"}}
        self.refusal = Refusal(status=status, body={"error": error}, **more)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def result(self, pages: str) -> dict[str, Any]:
        """As the service writes it: one Markdown of all pages, in which each has its span."""
        wanted = [number for part in pages.split(",") for number in _span(part) if number <= len(self.pages)]
        content, listed, tables = "", [], []
        for number in wanted:
            start, page = len(content), self.pages[number - 1]
            if isinstance(page, list):
                text = _html(page)
                tables.append(_table(page, start, len(text)))
            else:
                text = page
            content += text
            span = {"offset": start, "length": len(text)}
            listed.append({"pageNumber": number, "spans": [span], "words": [], "lines": []})
            content += "\n\n<!-- PageBreak -->\n\n"
        return {
            "apiVersion": "2024-11-30", "modelId": "prebuilt-layout", "stringIndexType": "unicodeCodePoint",
            "contentFormat": "markdown", "content": content, "pages": listed, "tables": tables,
        }  # fmt: skip


def _span(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def _html(rows: list[list[str]]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return "<table>\n" + "\n".join(f"<tr>{row}</tr>" for row in cells) + "\n</table>"


def _table(rows: list[list[str]], offset: int, length: int) -> dict[str, Any]:
    cells = [
        {"rowIndex": row, "columnIndex": column, "content": content, "spans": []}
        for row, line in enumerate(rows)
        for column, content in enumerate(line)
    ]
    spans = [{"offset": offset, "length": length}]
    return {"rowCount": len(rows), "columnCount": len(rows[0]), "cells": cells, "spans": spans}


class _Http(ThreadingHTTPServer):
    service: DocumentIntelligence
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are none of the tests' output."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""

    def do_POST(self) -> None:
        service, address = self.server.service, urlsplit(self.path)
        body = self._body()
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path != _ANALYZE or query.get("api-version") != "2024-11-30":
            return self._send(404, {"error": {"code": "NotFound", "message": "no"}})
        if self.headers.get("Ocp-Apim-Subscription-Key") != KEY and not self.headers.get("Authorization"):
            return self._send(401, {"error": {"code": "401", "message": "no"}})
        if service.refusal and not service.refusal.in_polling:
            return self._refuse(service.refusal)
        service.asked.append({**query, "body": body})
        service.polls = 0
        location = f"{service.url}{_RESULTS}{query['pages']}?api-version=2024-11-30"
        return self._send(202, None, {"Operation-Location": location})

    def do_GET(self) -> None:
        service, path = self.server.service, urlsplit(self.path).path
        if service.refusal and service.refusal.in_polling:
            return self._refuse(service.refusal)
        service.polls += 1
        if service.polls <= service.polls_before_done:
            return self._send(200, {"status": "running"}, {"Retry-After": "0"})
        result = service.result(path.removeprefix(_RESULTS))
        return self._send(200, {"status": "succeeded", "analyzeResult": result})

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _refuse(self, refusal: Refusal) -> None:
        body = {"status": "failed", **refusal.body} if refusal.status == 200 else refusal.body
        self._send(refusal.status, body, {"Retry-After": refusal.retry_after} if refusal.retry_after else {})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
