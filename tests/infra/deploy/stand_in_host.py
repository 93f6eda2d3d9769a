"""An installation of the product as the smoke test sees it, with faults that can be planted."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.planted import planted

EMAIL = "root@example.com"
PASSWORD = planted("password of who tries releases")
TOKEN = planted("token")

FAULTS = {
    "never ready": "ready: not within",
    "nobody may register": "signed in: POST /api/auth/register answered 403",
    "uploads are refused": "uploaded: PUT",
    "the document cannot be read": "indexed: the document was not read: corrupt",
    "nothing is ingested": "indexed: not within",
    "answers break": "answered with a citation: POST /api/query answered 500",
    "another document is cited": "does not cite it",
    "nothing is cited": "does not cite it",
    "the answer is wrong": "not what the document says",
    "the stream breaks off": "the stream did not come to its end",
    "the stream tells an error": "the stream did not come to its end",
    "nothing is deleted": "still there after its deletion",
}


class StandInHost:
    """`fault` is asked for at each request: a release may bring it and a rollback take it away."""

    def __init__(self, fault: Callable[[], str]) -> None:
        self.fault = fault
        self.is_registered = False
        self.documents: dict[str, str] = {}
        self.requests: list[str] = []

    def answer(self, method: str, path: str, body: bytes, accept: str) -> tuple[int, str]:
        fault = self.fault()
        self.requests.append(f"{method} {path}")
        if path.startswith("/api/health/"):
            return (503 if fault == "never ready" and path.endswith("ready") else 200), "{}"
        if path.startswith("/api/auth/"):
            return self._account(path, body, fault)
        if path == "/api/query":
            return self._query(json.loads(body)["document_ids"][0], accept, fault)
        return self._document(method, path.rpartition("/")[2], body, fault)

    def _account(self, path: str, body: bytes, fault: str) -> tuple[int, str]:
        if path.endswith("register"):
            self.is_registered = fault != "nobody may register"
            return (201, "{}") if self.is_registered else (403, "closed")
        if path.endswith("me"):
            return 200, "{}"
        return (200, json.dumps({"access_token": TOKEN})) if self.is_registered else (401, "unknown")

    def _query(self, document: str, accept: str, fault: str) -> tuple[int, str]:
        if accept == "text/event-stream":
            ends = {
                "the stream breaks off": "",
                "the stream tells an error": "event: error\n\nevent: done\n\n",
            }
            return 200, "event: delta\n\n" + ends.get(fault, "event: done\n\n")
        if fault == "answers break":
            return 500, "{}"
        cited = {"another document is cited": [{"document_id": "other"}], "nothing is cited": []}
        text = "No idea [1]" if fault == "the answer is wrong" else self.documents[document]
        citations = cited.get(fault, [{"document_id": document}])
        return 200, json.dumps({"answer": text, "citations": citations, "degraded": None})

    def _document(self, method: str, name: str, body: bytes, fault: str) -> tuple[int, str]:
        if method == "PUT":
            self.documents[name] = body.decode()
            return (413, "{}") if fault == "uploads are refused" else (202, json.dumps({"id": name}))
        if method == "DELETE":
            if fault != "nothing is deleted":
                del self.documents[name]
            return 204, ""
        status = {"the document cannot be read": "failed", "nothing is ingested": "queued"}.get(
            fault, "indexed"
        )
        answer: dict[str, Any] = {"status": status, "reason": "corrupt"}
        return (200, json.dumps(answer)) if name in self.documents else (404, "{}")


@contextmanager
def serving(host: StandInHost, certificate: Path | None = None) -> Iterator[int]:
    """The port of 127.0.0.1 on which it answers; over TLS with a file that holds certificate and key."""

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = host.answer(self.command, self.path, body, self.headers.get("Accept", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _respond

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
