"""A slow language model: what is found is told before its first word, and no work is done for nobody."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.real_host import RealHost
from tests.stand_ins.openai_server import OpenAIServer

QUESTION = "For how long are returns free?"
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
Ask: TypeAlias = tuple[str, dict[str, Any], dict[str, str]]  # path, body, headers
STREAMS: list[Ask] = [
    ("/api/query", {"question": QUESTION}, {"Accept": "text/event-stream"}),
    ("/api/chat/stream", CHAT, {}),
    ("/api/v1/chat/completions", CHAT | {"stream": True}, {}),
]
WHOLE: list[Ask] = [
    ("/api/query", {"question": QUESTION}, {}),
    ("/api/chat", CHAT, {}),
    ("/api/v1/chat/completions", CHAT, {}),
]

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.mark.parametrize(("path", "body", "headers"), STREAMS)
def test_the_first_event_comes_before_the_models_first_word(
    host: RealHost, model: OpenAIServer, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    model.behave(stall_after=0)
    with host.client.stream("POST", path, json=body, headers=headers) as response:
        assert response.raise_for_status().headers["cache-control"] == "no-store"
        lines = response.iter_lines()  # kept: without it the response would be closed
        first = next(lines)
        assert '"role":"assistant"' in first or first == "event: context"
        wait_until(lambda: bool(model.requests))
    assert model.client_left.wait(10)  # which else the next test would see


@pytest.mark.parametrize("stall_after", [0, 4])  # before the first word, and in the middle
@pytest.mark.parametrize(("path", "body", "headers"), [*STREAMS, *WHOLE])
def test_a_client_that_goes_away_ends_the_models_work_within_a_second(
    host: RealHost,
    token: str,
    model: OpenAIServer,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
    stall_after: int,
) -> None:
    model.behave(answer="Free [1] for thirty days, or for longer.", stall_after=stall_after)
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
