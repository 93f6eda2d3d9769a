"""A client that goes away ends the language model's work within a second, whatever it asked and how."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.real_host import RealHost
from tests.stand_ins.openai_server import OpenAIServer

QUESTION = "For how long are returns free?"
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
SSE = {"Accept": "text/event-stream"}
REQUESTS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("/api/query", {"question": QUESTION}, {}),
    ("/api/query", {"question": QUESTION}, SSE),
    ("/api/chat", CHAT, {}),
    ("/api/chat/stream", CHAT, {}),
    ("/api/v1/chat/completions", CHAT, {}),
    ("/api/v1/chat/completions", CHAT | {"stream": True}, {}),
]

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.mark.parametrize("stall_after", [0, 4])  # before the first word, and in the middle
@pytest.mark.parametrize(("path", "body", "headers"), REQUESTS)
def test_the_models_work_ends(
    host: RealHost,
    token: str,
    model: OpenAIServer,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
    stall_after: int,
) -> None:
    model.behave(answer="Free [1] for thirty days, or for longer.", stall_after=stall_after)
    model.requests.clear()
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    connection.request("POST", path, json.dumps(body), sent)
    wait_until(lambda: bool(model.requests))
    assert not model.client_left.wait(0.3), "the model's work ended by itself"
    connection.close()
    assert model.client_left.wait(1.0)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
