"""A small OpenAI-compatible server on loopback, which can be told to misbehave.

In tests: `with OpenAIServer() as server:` and set `server.behaviour`. By hand:
`python -m tests.stand_ins.openai_server --port 8080 --token-delay 0.1`.
"""

import argparse
import json
import select
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "stand-in"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the next requests meet. Delays are seconds; `*_after` count pieces of the answer."""

    answer: str = "Returns are free for thirty days [1]."
    api_key: str | None = None  # None: any will do
    status: int = 200
    retry_after: str | None = None
    body: str | None = None  # instead of what the API would say
    first_token_delay: float = 0.0
    token_delay: float = 0.0
    stall_after: int | None = None  # then silence until the client leaves
    reset_after: int | None = None  # then the connection is torn
    error_after: int | None = None  # then an error event in the stream
    has_usage: bool = True
    has_empty_choices: bool = False  # chunks without a choice, as some servers open and close with


class OpenAIServer:
    """Serves from its own threads; `requests` are the bodies so far."""

    def __init__(self, port: int = 0) -> None:
        self.behaviour = Behaviour()
        self.requests: list[dict[str, Any]] = []
        self.client_left = threading.Event()  # while an answer was still being sent
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def behave(self, **changes: Any) -> None:
        self.behaviour = replace(self.behaviour, **changes)

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
        behaviour = self.server.owner.behaviour
        self.server.owner.requests.append(body)
        if not self._is_let_in():
            return
        if self.path != "/v1/chat/completions" or behaviour.status == 404:
            self._error(404, f"the model {body.get('model')!r} does not exist")
        elif behaviour.status != 200:
            self._error(behaviour.status, "told to fail")
        elif behaviour.body is not None:
            self._send(200, behaviour.body.encode(), "text/html")
        else:
            self._answer(body, behaviour)

    def log_message(self, *_: object) -> None:
        """Quiet: the tests' output is pytest's."""

    def _is_let_in(self) -> bool:
        key = self.server.owner.behaviour.api_key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        self._error(401, "Incorrect API key provided")
        return False

    def _answer(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        try:
            self._wait(behaviour.first_token_delay)
            if body.get("stream"):
                self._stream(body, behaviour)
            else:
                self._json(200, _completion(body, behaviour))
        except (_ClientLeft, BrokenPipeError, ConnectionResetError):
            self.server.owner.client_left.set()
            self.close_connection = True

    def _stream(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, chunk in enumerate(_chunks(body, behaviour)):
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
        if readable and self.connection.recv(1, socket.MSG_PEEK) == b"":
            raise _ClientLeft

    def _tear(self) -> None:
        linger = struct.pack("ii", 1, 0)  # close() then sends RST
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def _error(self, status: int, message: str) -> None:
        self._json(status, {"error": {"message": message, "type": "error", "code": status}})

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if retry_after := self.server.owner.behaviour.retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)


def _chunks(body: dict[str, Any], behaviour: Behaviour) -> Iterator[dict[str, Any]]:
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
    if behaviour.has_empty_choices:
        yield {**frame, "choices": []}
    pieces = behaviour.answer.split(" ")
    for number, piece in enumerate(pieces):
        text = piece if number == 0 else " " + piece
        delta = {"role": "assistant", "content": text} if number == 0 else {"content": text}
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if behaviour.has_usage and body.get("stream_options", {}).get("include_usage"):
        yield {**frame, "choices": [], "usage": _usage(body, behaviour)}


def _completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    message = {"role": "assistant", "content": behaviour.answer}
    completion = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": body["model"]}
    completion["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {**completion, "usage": _usage(body, behaviour)} if behaviour.has_usage else completion


def _usage(body: dict[str, Any], behaviour: Behaviour) -> dict[str, int]:
    asked = sum(len(str(message["content"]).split()) for message in body["messages"])
    said = len(behaviour.answer.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--answer", default=Behaviour.answer)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--first-token-delay", type=float, default=0.0)
    parser.add_argument("--token-delay", type=float, default=0.05)
    options = vars(parser.parse_args())
    with OpenAIServer(options.pop("port")) as server:
        server.behave(**options)
        print(f"OPENAI_BASE_URL={server.url} OPENAI_CHAT_MODEL={MODEL}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
