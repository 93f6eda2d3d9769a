"""The HTTP of the stand-in: who may come in, what a request must look like, and failing when told to."""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.stand_ins.search_service.errors import Refused
from tests.stand_ins.search_service.query import SemanticRanker, search
from tests.stand_ins.search_service.resources import Resources

KEY = "search-admin-key"
API_VERSIONS = {"2024-07-01", "2025-09-01", "2026-04-01"}
MAX_BODY = 16 * 1024 * 1024
_TARGET = re.compile(r"/(indexes|aliases)(?:\('([^']*)'\))?(/.*)?")


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What requests meet. `*_next` count requests down; `on` is what their path has to contain."""

    key: str = KEY
    tokens: frozenset[str] | None = None  # bearer tokens that are let in; None: any, over TLS
    may_define: bool = True  # False: documents only, as without the role Search Service Contributor
    fail_next: int = 0
    status: int = 503
    retry_after: str | None = None
    reset_next: int = 0  # torn connections instead of an answer
    on: str = ""
    delay: float = 0.0  # seconds before an answer
    drip: float = 0.0  # seconds between pieces of an answer
    ranker: SemanticRanker = field(default_factory=SemanticRanker)


class SearchService:
    """Serves from its own threads; `requests` are (method, path, body) so far.

    `visible_after`: seconds until a written document is found.
    """

    def __init__(self, port: int = 0, *, tls: bool = False, visible_after: float = 0.0) -> None:
        self.behaviour = Behaviour()
        self.resources = Resources(visible_after=visible_after)
        self.requests: list[tuple[str, str, Any]] = []
        self.failures: dict[str, list[int]] = {}  # key: statuses of the next actions on it
        self._is_tls = tls
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        if tls:
            from tests.stand_ins.tls import server_context

            self._http.socket = server_context().wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        scheme = "https" if self._is_tls else "http"
        return f"{scheme}://127.0.0.1:{self._http.server_address[1]}"

    def behave(self, **changes: Any) -> None:
        self.behaviour = replace(self.behaviour, **changes)

    def fail_key(self, key: str, statuses: Iterable[int]) -> None:
        self.failures[key] = list(statuses)

    def bodies(self, part: str) -> list[Any]:
        """Of the requests whose path contains it."""
        return [body for _, path, body in self.requests if part in path]

    def takes(self, count: str, path: str) -> bool:
        """Count one down, if this request is meant."""
        with self._lock:
            left = getattr(self.behaviour, count)
            is_meant = left > 0 and self.behaviour.on in path
            if is_meant:
                self.behave(**{count: left - 1})
            return is_meant

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    owner: SearchService
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that left or spoke no TLS is none of the tests' business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, else Nagle's algorithm delays every answer

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET

    def _answer(self) -> None:
        owner, path = self.server.owner, unquote(urlsplit(self.path).path)
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(length)
        behaviour = owner.behaviour
        time.sleep(behaviour.delay)
        if owner.takes("reset_next", path):
            self._tear()
            return
        try:
            if owner.takes("fail_next", path):
                raise Refused(behaviour.status, "told to fail")
            status, body = self._respond(owner, path, raw)
        except Refused as refused:
            status, body = refused.status, {"error": {"code": "", "message": str(refused)}}
        self._send(status, body, behaviour)

    def _respond(self, owner: SearchService, path: str, raw: bytes) -> tuple[int, Any]:
        self._check_access(owner.behaviour, path)
        versions = parse_qs(urlsplit(self.path).query).get("api-version", [])
        if len(versions) != 1 or versions[0] not in API_VERSIONS:
            raise Refused(400, f"Invalid or missing api-version query string parameter: {versions}")
        if len(raw) > MAX_BODY:
            raise Refused(413, "The request body is too large.")
        body = self._body(raw)
        owner.requests.append((self.command, path, body))
        return _route(owner, self.command, path, body, dict(self.headers))

    def _check_access(self, behaviour: Behaviour, path: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if key := self.headers.get("api-key"):
            if key != behaviour.key:
                raise Refused(
                    403, "The given API key doesn't match the service's internal, primary or query keys."
                )
        elif not token:
            raise Refused(401, "The request lacks credentials.")
        elif behaviour.tokens is not None and token not in behaviour.tokens:
            raise Refused(401, "The token is not valid for this service.")
        if "/docs" not in path and not behaviour.may_define:
            raise Refused(403, "The caller has no permission to read or write definitions.")

    def _body(self, raw: bytes) -> Any:
        if self.command not in ("POST", "PUT"):
            return None
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(415, "The content type is not supported; use application/json")
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Refused(400, f"The request is no JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refused(400, "The request is no JSON object")
        return body

    def _send(self, status: int, body: Any, behaviour: Behaviour) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        if status in (429, 503) and behaviour.retry_after is not None:
            self.send_header("Retry-After", behaviour.retry_after)
        self.end_headers()
        for at in range(0, len(content), 16) if behaviour.drip else ():
            self.wfile.write(content[at : at + 16])
            self.wfile.flush()
            time.sleep(behaviour.drip)
        if not behaviour.drip:
            self.wfile.write(content)

    def _tear(self) -> None:
        linger = struct.pack("ii", 1, 0)  # close() then sends RST
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()


def _route(
    owner: SearchService, method: str, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, Any]:
    found = _TARGET.fullmatch(path)
    kind, name, rest = found.groups() if found else (None, None, None)
    resources = owner.resources
    match method, kind, name, rest:
        case "GET", "indexes", None, None:
            return 200, {"value": resources.indexes()}
        case "GET", "aliases", None, None:
            return 200, {"value": resources.aliases()}
        case "POST", "indexes", None, None:
            return resources.put_index(str(body.get("name")), body, _only_new(headers))
        case "POST", "aliases", None, None:
            return resources.put_alias(str(body.get("name")), body, _only_new(headers))
        case "GET", "indexes", str(), None:
            return 200, resources.index(name).definition
        case "GET", "aliases", str(), None:
            return 200, resources.alias(name)
        case "PUT", "indexes", str(), None:
            return resources.put_index(name, body, headers)
        case "PUT", "aliases", str(), None:
            return resources.put_alias(name, body, headers)
        case "DELETE", "indexes", str(), None:
            return 204, resources.delete_index(name, headers)
        case "DELETE", "aliases", str(), None:
            return 204, resources.delete_alias(name, headers)
        case "GET", "indexes", str(), "/search.stats":
            count = len(resources.index(name).visible())
            return 200, {"documentCount": count, "storageSize": 0, "vectorIndexSize": 0}
        case "GET", "indexes", str(), "/docs/$count":
            return 200, len(resources.index_or_alias(name).visible())
        case "POST", "indexes", str(), "/docs/search.index":
            results = resources.index_or_alias(name).act(body.get("value") or [], owner.failures)
            return (200 if all(one["status"] for one in results) else 207), {"value": results}
        case "POST", "indexes", str(), "/docs/search.post.search":
            return search(resources.index_or_alias(name), body, owner.behaviour.ranker)
    raise Refused(404, f"no route for {method} {path}")


def _only_new(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "If-None-Match": "*"}
