"""The audit trail of the routes: who did what to what, who was refused, and on which request."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.functions.conftest import Person
from tests.stand_ins.documents_api import path_of

Trail = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def trail(caplog: pytest.LogCaptureFixture) -> Trail:
    """The fields of the audit's lines so far."""

    def trail() -> list[dict[str, Any]]:
        return [vars(record)["event_fields"] for record in caplog.records if record.message == "audit"]

    return trail


def of(person: Person, act: str, subject: str, **others: str) -> dict[str, str]:
    return {"act": act, "actor": person.user_id, "subject": subject, **others}


def told(lines: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: line[name] for name in ("act", "actor", "subject", *names)} for line in lines]


async def test_who_shares_and_who_deletes_is_told(ada: Person, bob: Person, trail: Trail) -> None:
    document = await ada.upload("private/pumps.md")
    shared = await ada.http.patch(path_of(document), json={"readers": [bob.email]})
    assert (await ada.http.delete(path_of(document))).status_code == 204
    first, second = trail()
    readers = " ".join(sorted(f"user:{person.user_id}" for person in (ada, bob)))
    assert told([first], "reason") == [of(ada, "shared", document["id"], reason=f"readers: {readers}")]
    assert first["request_id"] == shared.headers["x-request-id"]
    assert first["address"] == "127.0.0.1"
    assert told([second], "outcome") == [of(ada, "deleted", document["id"], outcome="done")]
    assert "pumps" not in str(trail())
    assert bob.email not in str(trail())


async def test_who_is_refused_is_told_with_the_route_and_the_ids(
    root: Person, ada: Person, bob: Person, http: httpx.AsyncClient, trail: Trail
) -> None:
    document = await ada.upload("pumps.md")
    await http.get("/api/documents/from-nobody")
    await bob.http.get(path_of(document))
    await bob.http.get("/api/documents/no-such")
    await bob.http.get("/api/indexes")
    nobody, foreign, missing, forbidden = told(trail(), "reason", "outcome")
    assert (nobody["actor"], nobody["reason"]) == ("", "not-authenticated")
    route = "GET /api/documents/{document_id}"
    refused = {"reason": "not-found", "outcome": "refused"}
    assert foreign == of(bob, "refused", f"{route} {document['id']}", **refused)
    assert missing == of(bob, "refused", route, **refused)  # what was sent in place of an id may be a secret
    assert forbidden == of(bob, "refused", "GET /api/indexes", reason="access-denied", outcome="refused")


async def test_a_retry_is_told(root: Person, ada: Person, trail: Trail) -> None:
    document = await ada.upload("pumps.md")
    await ada.http.post(path_of(document, "/retry"))
    await root.http.post("/api/documents/retry")
    assert told(trail(), "reason") == [
        of(ada, "documents_retried", document["id"], reason=""),
        of(root, "documents_retried", "", reason="0 documents"),
    ]


async def test_a_forgotten_conversation_is_told(ada: Person, trail: Trail) -> None:
    await ada.http.delete("/api/conversations")
    assert told(trail(), "reason") == [of(ada, "deleted", "", reason="all conversations")]


async def test_the_address_is_the_one_that_a_trusted_proxy_saw(http: httpx.AsyncClient, trail: Trail) -> None:
    await http.get("/api/documents", headers={"x-forwarded-for": "203.0.113.9"})
    assert [line["address"] for line in trail()] == ["127.0.0.1"]
