"""Heartbeats are nothing to the dialects' own clients: neither a piece of the answer nor an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import openai

from functions import chat_completions, chat_protocol
from functions.event_stream import Wire
from shared.domain import Answer, ContextEvent, DeltaEvent, DoneEvent, Usage
from tests.dialects.npm_client import NpmClient

EVENTS = (
    ContextEvent(conversation_id="c", passages=()),
    DeltaEvent(text="one "),
    DeltaEvent(text="two"),
    DoneEvent(
        answer=Answer(
            text="one two",
            citations=(),
            conversation_id="c",
            model="m",
            index="i",
            usage=Usage(),
            timings=(),
        )
    ),
)


@contextmanager
def serving(wire: Wire) -> Iterator[str]:
    """The address of a server that answers everything with the events, heartbeats around each."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", wire.media_type)
            self.end_headers()
            self.wfile.write(wire.heartbeat)
            for event in EVENTS:
                self.wfile.write(wire.event(event) + wire.heartbeat)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Quiet: the tests' output is pytest's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_npm_client_of_the_chat_protocol_skips_them() -> None:
    with serving(chat_protocol.wire("?", "r")) as address:
        told = NpmClient(endpoint=f"{address}/api/chat", token="t").ask(
            {"role": "user", "content": "?"}, streamed=True
        )
    assert "error" not in told
    assert [each["delta"].get("content") for each in told["deltas"]] == [None, "one ", "two", None]


def test_the_openai_client_skips_them() -> None:
    with (
        serving(chat_completions.wire("r", tells_usage=False)) as address,
        openai.OpenAI(base_url=f"{address}/api/v1", api_key="t", max_retries=0) as client,
        client.chat.completions.create(
            model="rag", messages=[{"role": "user", "content": "?"}], stream=True
        ) as stream,
    ):
        chunks = list(stream)
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "one ", "two", None]
