"""SIGTERM: streams and ingestions finish, the process exits 0 in time; a second signal does not wait."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.real_host import RealHost
from tests.stand_ins.openai_server import OpenAIServer

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

DOCUMENT = "The pump runs for nine hours. Its filter is changed every Monday."


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.behave(answer="The pump runs for nine hours [1].", token_delay=0.5)
        yield server


@pytest.fixture
def slow_host(new_host: Callable[..., RealHost], model: OpenAIServer) -> RealHost:
    """Its answers take some four seconds."""
    settings = {
        "RAG_CHAT_MODEL": "openai",
        "OPENAI_BASE_URL": model.url,
        "OPENAI_CHAT_MODEL": "stand-in",
    }
    host = new_host(environment=settings).start()
    host.sign_in()
    host.put("pump.md", DOCUMENT)
    host.wait_for_status("pump.md", "indexed")
    return host


def test_an_open_stream_and_a_running_ingest_finish(slow_host: RealHost) -> None:
    slow_host.put("long.md", "\n\n".join(f"Paragraph {n}. {DOCUMENT * 8}" for n in range(30)))
    slow_host.wait_for_status("long.md", "parsing", "embedding")
    names: list[str] = []
    text = ""
    request = {"json": {"question": "How long does the pump run?"}}
    with slow_host.client.stream(
        "POST", "/api/query", headers={"Accept": "text/event-stream"}, **request
    ) as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            if line.startswith("data: ") and names[-1] == "delta":
                if not text:
                    slow_host.signal(signal.SIGTERM)
                    signalled = time.monotonic()
                text += json.loads(line.removeprefix("data: "))["text"]
    assert names[-1] == "done"
    assert text == "The pump runs for nine hours [1]."
    assert slow_host.wait() == 0
    assert time.monotonic() - signalled < 25
    slow_host.start()
    assert slow_host.wait_for_status("long.md", "indexed")["chunks"] > 0


def test_a_second_signal_ends_it_at_once(slow_host: RealHost, model: OpenAIServer) -> None:
    model.behave(token_delay=5.0)
    request = {"json": {"question": "How long does the pump run?"}}
    with slow_host.client.stream(
        "POST", "/api/query", headers={"Accept": "text/event-stream"}, **request
    ) as response:
        lines = response.iter_lines()
        next(lines)
        slow_host.signal(signal.SIGTERM)
        slow_host.wait_until(lambda: '"stopping"' in slow_host.text())
        slow_host.signal(signal.SIGINT)
        began = time.monotonic()
        assert slow_host.wait() == 128 + signal.SIGINT
        assert time.monotonic() - began < 2
        with pytest.raises(httpx.TransportError):
            list(lines)


def test_an_idle_host_stops_quickly_and_cleanly(new_host: Callable[..., RealHost]) -> None:
    host = new_host().start()
    host.signal(signal.SIGINT)
    began = time.monotonic()
    assert host.wait() == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in host.text()


def test_a_signal_before_it_has_begun_ends_it_at_once(new_host: Callable[..., RealHost]) -> None:
    """Handled, since nobody else ends process 1 of a container."""
    host = new_host()
    host.launch()
    host.wait_until(lambda: handles(host.process.pid, signal.SIGTERM), every=0.005)
    host.signal(signal.SIGTERM)
    assert host.wait() == 128 + signal.SIGTERM
    assert "answers at" not in host.text()


def handles(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)
