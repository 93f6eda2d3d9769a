"""Streams of the whole app in the real worker, with a model server whose pace the test sets."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.ingest.events import StorageEvent, encode
from tests.stand_ins.openai_server import MODEL, OpenAIServer
from tests.worker.person import Person

ROOT = Path(__file__).parents[2]
RETURNS = "# Returns\n\nReturns are free for thirty days.\n"
QUESTION = "For how long are returns free?"
ANSWER = "Free [1] for thirty days, or for longer."  # nothing is shown before the first citation

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def ada(start_host: Any, server: OpenAIServer, local_profile: dict[str, str]) -> Iterator[Person]:
    from tests.worker.events import fire_queue

    model = {"RAG_CHAT_MODEL": "openai", "OPENAI_BASE_URL": server.url, "OPENAI_CHAT_MODEL": MODEL}
    model["RAG_ANSWER_CACHE_HOURS"] = "0"  # every question reaches the model
    with start_host(ROOT, **local_profile, **model) as (host, client):
        person = Person(client, "ada@example.com")
        person.upload("returns.md", RETURNS)
        fire_queue(host, "ingest_event", encode(StorageEvent(name=f"users/{person.id}/returns.md")))
        yield person


def test_the_first_words_arrive_while_the_model_still_writes(ada: Person, server: OpenAIServer) -> None:
    server.behave(answer=ANSWER, token_delay=0.1, stall_after=None)
    times = [(name, time.monotonic()) for name, _ in ada.ask_for_events(QUESTION)]
    first_delta = next(moment for name, moment in times if name == "delta")
    assert times[-1][0] == "done"
    assert times[-1][1] - first_delta > 0.3  # six more words, a tenth of a second after each


def test_a_client_that_goes_away_ends_the_models_work(ada: Person, server: OpenAIServer) -> None:
    server.behave(answer=ANSWER, token_delay=0.0, stall_after=4)
    server.client_left.clear()
    events = ada.ask_for_events(QUESTION)
    assert "delta" in {next(events)[0], next(events)[0]}
    assert not server.client_left.is_set()
    events.close()  # type: ignore[attr-defined]
    assert server.client_left.wait(1)


def test_a_client_that_does_not_wait_for_the_whole_answer_ends_the_models_work(
    ada: Person, server: OpenAIServer
) -> None:
    server.behave(answer=ANSWER, token_delay=0.0, stall_after=4)
    server.client_left.clear()
    server.requests.clear()
    with pytest.raises(httpx.ReadTimeout):
        ada.request("POST", "/api/query", json={"question": QUESTION}, timeout=3)
    left = time.monotonic()
    assert server.requests, "the model was not asked in this time"
    assert server.client_left.wait(1), time.monotonic() - left
