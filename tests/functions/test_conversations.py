"""Conversations and feedback: one's own, and nobody else's."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.domain import Citation, Turn
from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def talk(services: Services, user_id: str, conversation_id: str = "c1", asked_at: float = 1e9) -> None:
    citation = Citation(
        marker=1,
        document_id="d1",
        document="users/u1/notes.md",
        page=3,
        page_kind="page",
        snippet="…",
        url="/api/documents/d1/content#page=3",
        score=0.5,
    )
    turn = Turn(
        question="Where?", answer="Here [1].", citations=(citation,), asked_at=asked_at, request_id="r1"
    )
    assert await services.metadata.add_turn(conversation_id, user_id, turn, title="Where?", max_turns=10)


async def test_ones_conversations_are_listed_and_shown(ada: Any, services: Services) -> None:
    await talk(services, ada.user_id)
    listed = (await ada.http.get("/api/conversations")).json()["conversations"]
    assert [(each["id"], each["title"]) for each in listed] == [("c1", "Where?")]
    assert set(listed[0]) == {"id", "title", "created_at", "updated_at"}
    shown = (await ada.http.get("/api/conversations/c1")).json()
    assert shown["turns"][0]["asked_at"] == "2001-09-09T01:46:40+00:00"
    assert shown["turns"][0]["citations"][0]["document"] == "notes.md"
    assert set(shown["turns"][0]) == {"question", "answer", "citations", "asked_at", "request_id"}


async def test_a_conversation_gets_another_title_and_goes(
    ada: Any, services: Services, refused: Refused
) -> None:
    await talk(services, ada.user_id)
    renamed = await ada.http.patch("/api/conversations/c1", json={"title": "  Places  "})
    assert renamed.json()["title"] == "Places"
    deleted = await ada.http.delete("/api/conversations/c1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(await ada.http.get("/api/conversations/c1"), 404, "not-found")


@pytest.mark.parametrize("conversation_id", ["c1", "none", "x" * 1000, "'--", "日本"])
async def test_anothers_and_a_missing_conversation_are_refused_alike(
    ada: Any, bob: Any, services: Services, refused: Refused, conversation_id: str
) -> None:
    await talk(services, ada.user_id)
    path = f"/api/conversations/{conversation_id}"
    details = {
        refused(await bob.http.get(path), 404, "not-found")["detail"],
        refused(await bob.http.patch(path, json={"title": "Mine"}), 404, "not-found")["detail"],
        refused(await bob.http.delete(path), 404, "not-found")["detail"],
    }
    assert len(details) == 1
    assert (await ada.http.get("/api/conversations/c1")).json()["title"] == "Where?"
    assert (await bob.http.get("/api/conversations")).json() == {"conversations": []}


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "  "}, {"title": "x" * 201}, {"title": 1}, []])
async def test_a_title_that_is_none_is_refused(
    ada: Any, services: Services, refused: Refused, body: object
) -> None:
    await talk(services, ada.user_id)
    refused(await ada.http.patch("/api/conversations/c1", json=body), 422, "invalid-request")


async def test_feedback_is_taken_on_ones_own_conversation_alone(
    ada: Any, bob: Any, services: Services, refused: Refused
) -> None:
    await talk(services, ada.user_id)
    feedback = {"conversation_id": "c1", "request_id": "r1", "rating": "down", "comment": "wrong page"}
    assert (await ada.http.post("/api/feedback", json=feedback)).status_code == 201
    assert (await ada.http.post("/api/feedback", json={**feedback, "rating": "up"})).status_code == 201
    refused(await bob.http.post("/api/feedback", json=feedback), 404, "not-found")
    refused(await ada.http.post("/api/feedback", json={**feedback, "rating": "meh"}), 422, "invalid-request")
