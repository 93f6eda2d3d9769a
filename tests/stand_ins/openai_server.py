"""OpenAI's API and Azure OpenAI's on loopback, which can be told to misbehave.

In tests: `with OpenAIServer() as server:`, then `server.behave(...)` and `server.refuse_next(...)`. By hand:
`python -m tests.stand_ins.openai_server --port 8080 --token-delay 0.1`. OpenAI's clients are given
`server.url`, Azure's `server.endpoint` and a deployment of `openai_behaviour`.
"""

import argparse
import itertools
import json
import select
import socket
import ssl
import struct
import threading
from collections import deque
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.stand_ins.openai_behaviour import CHAT, EMBEDDING, MODEL, SMALLER_CHAT, Behaviour
from tests.stand_ins.openai_chat import chunks, completion
from tests.stand_ins.openai_embeddings import count_tokens, embeddings
from tests.stand_ins.openai_quota import Quota
from tests.stand_ins.openai_refusals import Refused, azure_operation, check_azure_caller, check_parameters
from tests.stand_ins.tls import server_context

__all__ = ["CHAT", "EMBEDDING", "MODEL", "SMALLER_CHAT", "OpenAIServer"]


class OpenAIServer:
    """Serves from its own threads; `requests` are the bodies so far."""

    def __init__(self, port: int = 0, *, tls: bool = False) -> None:
        self.behaviour = Behaviour()
        self.behaviours: dict[str, Behaviour] = {}  # of deployments that are to behave otherwise
        self._flaps = itertools.cycle([503, 200])
        self.requests: list[dict[str, Any]] = []
        self.client_left = threading.Event()  # while an answer was still being sent
        self.refusals: deque[tuple[int, str | None]] = deque()  # status and Retry-After of the next requests
        self.quota = Quota()  # of embeddings
        self._scheme = "https" if tls else "http"
        self._http = _Http(("127.0.0.1", port), _Handler)
        if tls:
            self._http.socket = server_context().wrap_socket(self._http.socket, server_side=True)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"{self.endpoint}/v1"

    @property
    def endpoint(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def behave(self, **changes: Any) -> None:
        self.behaviour = replace(self.behaviour, **changes)

    def behaviour_at(self, path: str) -> Behaviour:
        """As the deployment in the path is told to behave, for this request."""
        deployment = path.removeprefix("/openai/deployments/").partition("/")[0]
        behaviour = self.behaviours.get(deployment, self.behaviour)
        return replace(behaviour, status=next(self._flaps)) if behaviour.flaps else behaviour

    def refuse_next(self, count: int, *, status: int = 429, retry_after: str | None = "1") -> None:
        self.refusals.extend([(status, retry_after)] * count)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    owner: OpenAIServer
    daemon_threads = True
    block_on_close = False


class _ClientLeft(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._error(404, "no such route")
        elif self._is_let_in():
            self._json(
                200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]}
            )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        owner = self.server.owner
        behaviour = owner.behaviour_at(self.path)
        owner.requests.append(body)
        try:
            operation = self._operation(body, behaviour)
        except Refused as refused:
            self._json(refused.status, refused.body)
            return
        if operation is None:
            return
        if owner.refusals:
            status, retry_after = owner.refusals.popleft()
            self._error(status, "told to refuse", retry_after)
        elif behaviour.status != 200:
            self._error(behaviour.status, "told to fail", behaviour.retry_after)
        elif operation == "embeddings" and (wait := self._wait_for_quota(body, behaviour)):
            self._error(429, "exceeded the token rate limit of this deployment", str(wait))
        elif behaviour.body is not None:
            self._send(200, behaviour.body.encode(), "text/html")
        else:
            self._answer(operation, body, behaviour)

    def _operation(self, body: dict[str, Any], behaviour: Behaviour) -> str | None:
        """What is asked for; None if that has been answered. Errors: `Refused`."""
        if self.path.startswith("/openai/"):
            check_azure_caller(self.headers, behaviour)
            operation = azure_operation(self.path, behaviour)
            check_parameters(body, behaviour)
            return operation
        if not self._is_let_in():
            return None
        if self.path == "/v1/chat/completions" and behaviour.status != 404:
            return "chat"
        self._error(404, f"the model {body.get('model')!r} does not exist")
        return None

    def _wait_for_quota(self, body: dict[str, Any], behaviour: Behaviour) -> int:
        rate = behaviour.embedding_tokens_per_minute
        return self.server.owner.quota.wait(sum(map(count_tokens, body["input"])), rate) if rate else 0

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""

    def _is_let_in(self) -> bool:
        key = self.server.owner.behaviour.api_key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        self._error(401, "Incorrect API key provided")
        return False

    def _answer(self, operation: str, body: dict[str, Any], behaviour: Behaviour) -> None:
        try:
            self._wait(behaviour.first_token_delay)
            if operation == "embeddings":
                self._json(200, embeddings(body, behaviour))
            elif body.get("stream"):
                self._stream(body, behaviour)
            else:
                self._json(200, completion(body, behaviour))
        except Refused as refused:
            self._json(refused.status, refused.body)
        except (_ClientLeft, BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.server.owner.client_left.set()
            self.close_connection = True

    def _stream(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, chunk in enumerate(chunks(body, behaviour)):
            if number == behaviour.stall_after:
                self._wait(60)
            if number == behaviour.reset_after:
                self._tear()
                return
            if number == behaviour.error_after:
                chunk = {"error": {"message": "the model ran out of memory", "code": 500}}  # noqa: PLW2901
            self._event(json.dumps(chunk))
            self._wait(behaviour.token_delay)
        self._event("[DONE]")

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def _wait(self, seconds: float) -> None:
        """Until then, unless the client closes its side before."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        # Over TLS nothing can be peeked at; a client that has asked sends nothing but its farewell.
        is_tls = isinstance(self.connection, ssl.SSLSocket)
        if readable and (is_tls or self.connection.recv(1, socket.MSG_PEEK) == b""):
            raise _ClientLeft

    def _tear(self) -> None:
        linger = struct.pack("ii", 1, 0)  # close() then sends RST
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def _error(self, status: int, message: str, retry_after: str | None = None) -> None:
        self._json(status, {"error": {"message": message, "type": "error", "code": status}}, retry_after)

    def _json(self, status: int, content: dict[str, Any], retry_after: str | None = None) -> None:
        self._send(status, json.dumps(content).encode(), "application/json", retry_after)

    def _send(self, status: int, content: bytes, kind: str, retry_after: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--answer", default=Behaviour.answer)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--first-token-delay", type=float, default=0.0)
    parser.add_argument("--token-delay", type=float, default=0.05)
    parser.add_argument("--api-key")
    parser.add_argument("--dimension", type=int, default=1536)
    parser.add_argument("--tls", action="store_true")
    options = vars(parser.parse_args())
    with OpenAIServer(options.pop("port"), tls=options.pop("tls")) as server:
        server.behave(**options)
        print(f"OPENAI_BASE_URL={server.url} OPENAI_CHAT_MODEL={MODEL}")
        print(
            f"AZURE_OPENAI_ENDPOINT={server.endpoint} AZURE_OPENAI_CHAT_DEPLOYMENT={CHAT} "
            f"AZURE_OPENAI_FALLBACK_DEPLOYMENT={SMALLER_CHAT} AZURE_OPENAI_EMBEDDING_DEPLOYMENT={EMBEDDING}",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
