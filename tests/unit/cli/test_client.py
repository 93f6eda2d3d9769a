"""Signing in and out, and problems in one line."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from cli.client import check, signed_in
from cli.errors import CommandError, NotSignedInError, UnreachableError
from shared.settings import Settings
from tests.real_host import free_port

REQUEST = httpx.Request("GET", "http://host/")
TOKENS = json.dumps({"access_token": "access", "refresh_token": "refresh", "expires_in": 900}).encode()


class Host(BaseHTTPRequestHandler):
    """Lets everybody in, and remembers what it was asked."""

    asked: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.asked.append((self.path, self.headers["Authorization"], form))
        self.send_response(200)
        self.send_header("Content-Length", str(len(TOKENS)))
        self.end_headers()
        self.wfile.write(TOKENS)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[ThreadingHTTPServer]:
    Host.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def test_whom_it_signed_in_it_signs_out(host: ThreadingHTTPServer) -> None:
    address = f"http://127.0.0.1:{host.server_port}"
    with signed_in(Settings(token=None), url=address, email="ada@example.org", password="secret") as client:
        client.post("/api/search")
    assert [(path, sent) for path, sent, _ in Host.asked] == [
        ("/api/auth/token", None),
        ("/api/search", "Bearer access"),
        ("/api/auth/revoke", None),
    ]
    assert Host.asked[2][2] == b"token=refresh"


def test_a_token_of_the_users_own_is_not_signed_out(host: ThreadingHTTPServer) -> None:
    address = f"http://127.0.0.1:{host.server_port}"
    with signed_in(Settings(token="t"), url=address, email=None, password=None) as client:  # type: ignore[arg-type]
        client.post("/api/search")
    assert Host.asked == [("/api/search", "Bearer t", b"")]


def test_a_problem_is_told_by_its_detail() -> None:
    problem = httpx.Response(404, json={"title": "Not Found", "detail": "no such document"}, request=REQUEST)
    with pytest.raises(CommandError, match=r"^404: no such document$"):
        check(problem)


def test_an_answer_that_is_no_problem_is_told_by_its_status() -> None:
    with pytest.raises(CommandError, match=r"^502: Bad Gateway$"):
        check(httpx.Response(502, text="<html>", request=REQUEST))


def test_a_host_that_is_not_there_is_named_with_the_way_out() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with (
        pytest.raises(UnreachableError, match=re.escape(f"no host answers at {address}")),
        signed_in(Settings(token="t"), url=address, email=None, password=None) as client,  # type: ignore[arg-type]
    ):
        client.get("/api/documents")


def test_without_token_or_address_it_says_what_to_give(tmp_path: Path) -> None:
    with (
        pytest.raises(NotSignedInError, match=r"run `rag login .*--email, or set RAG_TOKEN"),
        signed_in(Settings(token=None, credentials=tmp_path / "none"), url=None, email=None, password=None),
    ):
        pass
