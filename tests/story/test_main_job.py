"""The main job as its users meet it: upload, ask, share, change, delete. The same in every profile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest

from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.entra_server import EntraServer
from tests.worker.person import Person, succeeded

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(240)]

SAMPLES = Path(__file__).parents[2] / "samples"
HANDBOOK = "shared/employee-handbook.pdf"
QUESTION = "How many days of annual leave do I have?"


@pytest.fixture(scope="module")
def handbook(host: RealHost, ada: Person) -> dict[str, Any]:
    return put(host, ada, HANDBOOK, (SAMPLES / "employee-handbook.pdf").read_bytes())


def put(host: RealHost, person: Person, name: str, content: bytes | str) -> dict[str, Any]:
    """Upload, and wait until it is searchable."""
    body = content.encode() if isinstance(content, str) else content
    succeeded(person.request("PUT", f"/api/documents/{quote(name)}", content=body), 202)
    return ended(host, person, name, "indexed")


def ended(host: RealHost, person: Person, name: str, status: str) -> dict[str, Any]:
    """The document, once its ingestion has ended like this."""
    seen: list[dict[str, Any]] = []

    def has_ended() -> bool:
        seen[:] = [each for each in listed(person, name) if each["status"] in ("indexed", "failed")]
        return bool(seen)

    host.wait_until(has_ended)
    assert seen[0]["status"] == status, seen[0]["reason"]
    return seen[0]


def listed(person: Person, prefix: str = "") -> list[dict[str, Any]]:
    answer = person.request("GET", "/api/documents", params={"prefix": prefix})
    return list(succeeded(answer, 200)["documents"])


def found(person: Person, question: str) -> list[str]:
    """The names of the documents that a search finds, best first."""
    answer = person.request("POST", "/api/search", json={"question": question, "top_k": 20})
    return [each["document"] for each in succeeded(answer, 200)["passages"]]


def until(host: RealHost, holds: Callable[[], bool]) -> None:
    host.wait_until(holds)


def test_it_is_ready(host: RealHost) -> None:
    checks = succeeded(host.client.get("/api/health/ready"), 200)["checks"]
    assert set(checks.values()) == {"ok"}


def test_an_answer_cites_the_page_and_the_citation_opens_it(
    ada: Person, bob: Person, handbook: dict[str, Any]
) -> None:
    assert handbook["pages"] == 5
    answer = bob.ask(QUESTION)
    assert "29 days" in answer["answer"]
    assert answer["degraded"] is None
    citation = next(each for each in answer["citations"] if each["document"] == HANDBOOK)
    assert f"[{citation['marker']}]" in answer["answer"]
    assert citation["url"].endswith(f"#page={citation['page']}")
    source = bob.request("GET", citation["url"])
    assert source.content == (SAMPLES / "employee-handbook.pdf").read_bytes()
    part = ada.request("GET", citation["url"], params={})
    assert part.headers["content-type"] == "application/pdf"


def test_a_streamed_answer_is_the_whole_answer(bob: Person, handbook: dict[str, Any]) -> None:
    events = list(bob.ask_for_events(QUESTION))
    assert (events[0][0], events[-1][0]) == ("context", "done")
    text = "".join(data["text"] for name, data in events if name == "delta")
    assert text == events[-1][1]["answer"]
    assert "29 days" in text


def test_a_ticket_takes_a_file_straight_to_the_container(host: RealHost, bob: Person) -> None:
    content = "# Ferry\n\nThe last ferry to Hiiumaa leaves at nine in the evening.\n"
    body = {"name": "travel/ferry.md", "size": len(content)}
    ticket = succeeded(bob.request("POST", "/api/documents/uploads", json=body), 200)
    url = urljoin(str(host.client.base_url), ticket["url"])
    if ticket["needs_token"]:
        assert ticket["headers"] == {}
        stored = bob.request(ticket["method"], url, content=content)
    else:
        stored = httpx.request(ticket["method"], url, content=content, headers=ticket["headers"])
    assert stored.is_success, stored.text
    ended(host, bob, "travel/ferry.md", "indexed")
    assert "nine in the evening" in bob.ask("When does the last ferry to Hiiumaa leave?")["answer"]


def test_what_is_not_shared_is_nobody_elses(host: RealHost, ada: Person, bob: Person) -> None:
    mine = put(host, ada, "notes/safe.md", "The safe in the cellar opens with the code word marzipan.")
    question = "Which code word opens the safe in the cellar?"
    assert found(ada, question)[0] == "notes/safe.md"
    assert "notes/safe.md" not in found(bob, question)
    assert "marzipan" not in bob.ask(question)["answer"]
    path = f"/api/documents/{mine['id']}"
    assert bob.request("GET", path).status_code == 404
    assert bob.request("GET", f"{path}/content").status_code == 404

    succeeded(ada.request("PATCH", path, json={"readers": ["bob@example.com"]}), 200)
    until(host, lambda: "notes/safe.md" in found(bob, question))
    succeeded(ada.request("PATCH", path, json={"readers": []}), 200)
    assert "notes/safe.md" not in found(bob, question)


def test_a_new_version_replaces_the_old_one(host: RealHost, ada: Person) -> None:
    first = put(host, ada, "notes/tree.md", "The alder stands beside the pond of the monastery.")
    body = "The birch stands beside the pond of the monastery."
    succeeded(ada.request("PUT", "/api/documents/notes/tree.md", content=body.encode()), 202)
    question = "Which tree stands beside the pond of the monastery?"
    until(host, lambda: "birch" in ada.ask(question)["answer"])
    assert "alder" not in ada.ask(question)["answer"]
    assert listed(ada, "notes/tree.md")[0]["created_at"] == first["created_at"]


def test_a_deleted_document_is_gone_at_once(host: RealHost, ada: Person) -> None:
    document = put(host, ada, "notes/gone.md", "The lighthouse keeper of Sõrve is called Ottilie.")
    question = "What is the lighthouse keeper of Sõrve called?"
    assert found(ada, question)[0] == "notes/gone.md"
    assert ada.request("DELETE", f"/api/documents/{document['id']}").status_code == 204
    assert "notes/gone.md" not in found(ada, question)
    assert listed(ada, "notes/gone.md") == []


def test_a_file_that_cannot_be_read_fails_with_a_reason(host: RealHost, bob: Person) -> None:
    bob.request("PUT", "/api/documents/broken.pdf", content=b"%PDF-1.7 and no more")
    assert ended(host, bob, "broken.pdf", "failed")["reason"].startswith("the file ")


def test_a_conversation_is_kept_and_rated(bob: Person, handbook: dict[str, Any]) -> None:
    answer = bob.ask(QUESTION)
    conversation = f"/api/conversations/{answer['conversation_id']}"
    follow_up = {"question": "And in the first year?", "conversation_id": answer["conversation_id"]}
    succeeded(bob.request("POST", "/api/query", json=follow_up), 200)
    turns = succeeded(bob.request("GET", conversation), 200)["turns"]
    assert [turn["question"] for turn in turns] == [QUESTION, follow_up["question"]]
    rating = {
        "conversation_id": answer["conversation_id"],
        "request_id": answer["request_id"],
        "rating": "up",
    }
    assert bob.request("POST", "/api/feedback", json=rating).status_code == 201
    assert bob.request("DELETE", conversation).status_code == 204
    assert bob.request("GET", conversation).status_code == 404


def test_a_session_is_renewed_and_ended(host: RealHost) -> None:
    credentials = {"email": "cleo@example.com", "password": planted("password")}
    succeeded(host.client.post("/api/auth/register", json=credentials), 201)
    form = {"grant_type": "password", "username": credentials["email"], "password": credentials["password"]}
    first = succeeded(host.client.post("/api/auth/token", data=form), 200)
    renew = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = succeeded(host.client.post("/api/auth/token", data=renew), 200)
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert host.client.get("/api/auth/me", headers=headers).status_code == 200
    host.client.post("/api/auth/revoke", data={"token": second["refresh_token"]})
    assert host.client.get("/api/auth/me", headers=headers).status_code == 401


def test_people_of_the_tenant_need_no_account(
    host: RealHost, tenant: EntraServer | None, handbook: dict[str, Any]
) -> None:
    if tenant is None:
        pytest.skip("no tenant signs in on one machine")
    eve = {"Authorization": f"Bearer {tenant.token(oid='e7e00000-1111-4222-8333-444444444444')}"}
    host.client.put("/api/documents/eve.md", content=b"Eve keeps bees.", headers=eve).raise_for_status()

    def is_indexed() -> bool:
        answer = host.client.get("/api/documents?prefix=eve", headers=eve).raise_for_status()
        return [each["status"] for each in answer.json()["documents"]] == ["indexed"]

    host.wait_until(is_indexed)
    answer = host.client.post("/api/query", json={"question": QUESTION}, headers=eve)
    assert "29 days" in succeeded(answer, 200)["answer"]


def test_a_host_that_was_killed_goes_on_where_it_was(
    host: RealHost, ada: Person, handbook: dict[str, Any]
) -> None:
    names = [f"shared/tide/{number}.md" for number in range(12)]
    for number, name in enumerate(names):
        body = f"Tide table {number}: high water at {number} o'clock in harbour {number}."
        succeeded(ada.request("PUT", f"/api/documents/{name}", content=body.encode()), 202)
    host.wait_until(lambda: any(each["status"] == "indexed" for each in listed(ada, "shared/tide/")))
    host.kill()
    host.start()
    host.wait_until(lambda: {each["status"] for each in listed(ada, "shared/tide/")} == {"indexed"})
    passages = found(ada, "When is high water in the harbours of the tide table?")
    tides = [name for name in passages if name in names]
    assert sorted(tides) == sorted(set(tides)) == sorted(names)
    assert "29 days" in ada.ask(QUESTION)["answer"]
