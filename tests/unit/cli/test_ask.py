"""What `rag ask` sends, and reading the answer's event stream."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.ask import events
from cli.main import app


def test_events_come_with_their_data_and_comments_are_dropped() -> None:
    lines = [
        ": heartbeat",
        "",
        "event: delta",
        'data: {"text": "a: b"}',
        "",
        "event: done",
        'data: {"answer":',
        'data: "a: b"}',
        "",
    ]
    assert list(events(lines)) == [("delta", {"text": "a: b"}), ("done", {"answer": "a: b"})]


def test_a_stream_that_broke_off_gives_no_half_event() -> None:
    assert list(events(["event: delta", 'data: {"text": "a"}'])) == []


@pytest.fixture
def host() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address, and the questions it was asked."""
    asked: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            done = {"answer": "Two years.", "citations": [], "degraded": None}
            self.wfile.write(f"event: done\ndata: {json.dumps(done)}\n\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("options", "filters"),
    [
        ("", {}),
        ("--folder=", {"folder": ""}),  # which the host refuses: not all documents are meant
        (
            "--folder hr --type pdf --type md --tag a --tag b --since 2026-01-01 --until 2026-02-01",
            {
                "folder": "hr",
                "types": ["pdf", "md"],
                "tags": ["a", "b"],
                "since": "2026-01-01",
                "until": "2026-02-01",
            },
        ),
    ],
    ids=str,
)
def test_options_narrow_the_question(
    host: tuple[str, list[dict[str, Any]]], options: str, filters: dict[str, Any]
) -> None:
    address, asked = host
    told = CliRunner().invoke(
        app, ["ask", "Why?", "--url", address, *options.split()], env={"RAG_TOKEN": "t"}
    )
    assert told.exit_code == 0, told.output
    assert asked == [{"question": "Why?", "filters": filters}]
