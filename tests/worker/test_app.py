"""The whole app in the real worker, on the local profile: from registration to a cited answer."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.compose.plugs import open_event_queue
from shared.ingest.events import INGEST_QUEUE, StorageEvent, encode
from shared.settings import Settings
from tests.worker.person import Person, succeeded

if TYPE_CHECKING:
    from tests.worker.functions_host import FunctionsHost

ROOT = Path(__file__).parents[2]
WARRANTY = "# Warranty\n\nThe pump has a warranty of seven years. Filters have none.\n"
QUESTION = "How long is the warranty of the pump?"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture(scope="module")
def app(start_host: Any, local_profile: dict[str, str]) -> Iterator[tuple["FunctionsHost", httpx.Client]]:
    with start_host(ROOT, **local_profile) as running:
        yield running


@pytest.fixture(scope="module")
def host(app: tuple["FunctionsHost", httpx.Client]) -> "FunctionsHost":
    return app[0]


@pytest.fixture(scope="module")
def client(app: tuple["FunctionsHost", httpx.Client]) -> httpx.Client:
    return app[1]


@pytest.fixture(scope="module")
def ada(host: "FunctionsHost", client: httpx.Client) -> Person:
    """The administrator, with one indexed document."""
    person = Person(client, "ada@example.com")
    document = person.upload("notes/warranty.md", WARRANTY)
    ingest(host, f"users/{person.id}/notes/warranty.md")
    assert person.status(document["id"]) == "indexed"
    return person


def ingest(host: "FunctionsHost", blob: str) -> None:
    """As the host does when a message arrives on the queue."""
    from tests.worker.events import fire_queue

    fire_queue(host, "ingest_event", encode(StorageEvent(name=blob)))


def test_an_uploaded_document_answers_with_a_citation(ada: Person) -> None:
    answer = ada.ask(QUESTION)
    assert "seven years" in answer["answer"]
    assert [citation["document"] for citation in answer["citations"]] == ["notes/warranty.md"]


def test_a_streamed_answer_has_the_events_in_order_and_the_same_text(ada: Person) -> None:
    events = list(ada.ask_for_events(QUESTION))
    names = [name for name, _ in events]
    assert (names[0], names[-1], {*names[1:-1]}) == ("context", "done", {"delta"})
    deltas = "".join(data["text"] for name, data in events if name == "delta")
    assert deltas == events[-1][1]["answer"]
    assert "seven years" in deltas


def test_a_queued_document_waits_for_its_event(host: "FunctionsHost", ada: Person) -> None:
    document = ada.upload("later.txt", "The lighthouse keeper is called Ottilie.")
    assert (document["status"], ada.status(document["id"])) == ("queued", "queued")
    ingest(host, f"users/{ada.id}/later.txt")
    assert ada.status(document["id"]) == "indexed"


def test_a_blob_event_reaches_the_index_through_the_queue(
    host: "FunctionsHost", ada: Person, local_profile: dict[str, str]
) -> None:
    from tests.worker.events import fire_blob, fire_queue

    document = ada.upload("dropped.txt", "The harbour master is called Cornelis.")
    fire_blob(host, "ingest_blob", f"uploads/users/{ada.id}/dropped.txt", b"The harbour")
    for body in asyncio.run(waiting_events(Path(local_profile["RAG_DATA"]))):
        fire_queue(host, "ingest_event", body)
    assert ada.status(document["id"]) == "indexed"


async def waiting_events(data: Path) -> list[str]:
    queue = open_event_queue(Settings(data=data))
    try:
        messages = await queue.receive(INGEST_QUEUE, limit=32, visibility=60)
        return [message.body for message in messages]
    finally:
        await queue.close()


def test_the_timer_reconciles(host: "FunctionsHost", ada: Person) -> None:
    from tests.worker.events import fire_timer

    fire_timer(host, "reconcile")
    fire_timer(host, "reconcile", is_past_due=True)


def test_a_poisoned_message_parks_its_document(host: "FunctionsHost", ada: Person) -> None:
    from tests.worker.events import fire_queue

    document = ada.upload("parked.txt", "Never ingested.")
    event = encode(StorageEvent(name=f"users/{ada.id}/parked.txt"))
    fire_queue(host, "ingest_poison", event, dequeue_count=1)
    assert ada.status(document["id"]) == "failed"


def test_a_parked_document_is_counted_and_brought_back(host: "FunctionsHost", ada: Person) -> None:
    from tests.worker.events import fire_queue

    document = ada.upload("brought-back.txt", "The pilot is called Wilhelmina.")
    event = encode(StorageEvent(name=f"users/{ada.id}/brought-back.txt"))
    fire_queue(host, "ingest_poison", event)
    assert succeeded(ada.request("GET", "/api/documents/summary"), 200)["parked"] > 0
    body = {"ids": [document["id"]]}
    assert succeeded(ada.request("POST", "/api/documents/retry", json=body), 202) == {"retried": 1}
    fire_queue(host, "ingest_event", event)
    assert ada.status(document["id"]) == "indexed"


def test_a_fill_of_an_index_that_is_gone_is_done_with_and_a_poisoned_one_is_logged(
    host: "FunctionsHost", ada: Person
) -> None:
    from tests.worker.events import fire_queue

    fill = json.dumps({"index": "documents-v9", "document": f"users/{ada.id}/notes/warranty.md"})
    for function, body in (("fill_index", fill), ("fill_index", "not json"), ("fill_poison", fill)):
        fire_queue(host, function, body)


def test_a_message_that_is_no_event_is_done_with_at_once(host: "FunctionsHost") -> None:
    from tests.worker.events import fire_queue

    fire_queue(host, "ingest_event", "not json")


def test_an_event_of_a_name_that_no_document_can_have_is_done_with_at_once(host: "FunctionsHost") -> None:
    from tests.worker.events import fire_queue

    fire_queue(host, "ingest_event", encode(StorageEvent(name="shared/a\\b.txt")))


def test_a_path_keeps_its_slashes_blanks_and_letters(ada: Person) -> None:
    assert ada.upload("a b/c/ä&ß 100%.txt", "text")["name"] == "a b/c/ä&ß 100%.txt"


def test_several_files_come_in_one_form(ada: Person) -> None:
    files = [("files", (f"{number}.txt", b"text " * 20_000, "text/plain")) for number in range(3)]
    documents = succeeded(ada.request("POST", "/api/documents", files=files), 202)["documents"]
    assert [document["name"] for document in documents] == ["0.txt", "1.txt", "2.txt"]


def test_a_documents_content_comes_back_in_ranges(ada: Person) -> None:
    document = ada.upload("ranges.txt", "0123456789")
    path = f"/api/documents/{document['id']}/content"
    assert ada.request("GET", path).text == "0123456789"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/auth/me", None, 401),
        ("POST", "/api/query", b'{"question": "x"}', 401),
        ("POST", "/api/auth/register", b"{", 422),
        ("POST", "/api/auth/register", b"{}", 422),
    ],
)
def test_a_refusal_without_a_token_is_a_problem(
    client: httpx.Client, method: str, path: str, content: bytes | None, status: int
) -> None:
    headers = {"content-type": "application/json"} if content else {}
    check_problem(client.request(method, path, content=content, headers=headers), status)


@pytest.mark.parametrize(
    ("method", "path", "json", "status"),
    [
        ("GET", "/api/documents/0000", None, 404),
        ("POST", "/api/query", {"question": ""}, 422),
        ("POST", "/api/query", {"question": "x", "top_k": "many"}, 422),
    ],
)
def test_a_refusal_is_a_problem(
    ada: Person, method: str, path: str, json: dict[str, str] | None, status: int
) -> None:
    check_problem(ada.request(method, path, json=json), status)


def test_many_requests_leave_no_entry_in_the_workers_context_map(host: "FunctionsHost", ada: Person) -> None:
    def one(number: int) -> None:
        if number % 4 == 0:
            next(events := ada.ask_for_events(QUESTION))
            events.close()  # type: ignore[attr-defined]
        elif number % 4 == 1:
            assert ada.ask(QUESTION)["citations"]
        else:
            ada.request("GET", "/api/documents/0000" if number % 4 == 2 else "/api/documents")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(100)))
    assert host.worker_state()["contexts"] == 0


def check_problem(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
