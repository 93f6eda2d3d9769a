"""Conversations and feedback: one's own, and nobody else's."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.domain import EVERYONE, Turn, user_reader
from shared.services import Services
from tests.stand_ins.cited_turns import cited_turn, publish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def talk(
    services: Services,
    user_id: str,
    conversation_id: str = "c1",
    *,
    turn: Turn | None = None,
    readers: frozenset[str] = frozenset({EVERYONE}),
) -> None:
    await publish(services.metadata, "d1", readers)
    turn = turn or cited_turn("d1")
    assert await services.metadata.add_turn(conversation_id, user_id, turn, title="Where?", max_turns=10)


async def turns_of(person: Any, conversation_id: str = "c1") -> list[dict[str, Any]]:
    shown = await person.http.get(f"/api/conversations/{conversation_id}")
    assert shown.status_code == 200, shown.text
    return shown.json()["turns"]


async def test_ones_conversations_are_listed_and_shown(ada: Any, services: Services) -> None:
    await talk(services, ada.user_id)
    listed = (await ada.http.get("/api/conversations")).json()["conversations"]
    assert [(each["id"], each["title"]) for each in listed] == [("c1", "Where?")]
    assert set(listed[0]) == {"id", "title", "created_at", "updated_at"}
    turn = (await turns_of(ada))[0]
    assert turn["asked_at"] == "2001-09-09T01:46:40+00:00"
    assert turn["citations"][0]["document"] == "notes.md"
    assert set(turn) == {"question", "answer", "citations", "withheld", "model", "asked_at", "request_id"}
    assert (turn["answer"], turn["withheld"]) == ("Here [1].", False)


async def test_a_turn_is_withheld_while_its_document_is_not_shared(ada: Any, services: Services) -> None:
    await talk(services, ada.user_id, readers=frozenset({user_reader(ada.user_id)}))
    await talk(services, ada.user_id, turn=cited_turn())
    await services.metadata.set_readers("d1", frozenset({"user:somebody-else"}), now=2.0)
    withheld, other = await turns_of(ada)
    assert (withheld["question"], withheld["answer"], withheld["citations"]) == ("Where?", "", [])
    assert withheld["withheld"]
    assert (other["answer"], other["withheld"]) == ("Here [1].", False)
    await services.metadata.set_readers("d1", frozenset({EVERYONE}), now=3.0)
    assert [turn["withheld"] for turn in await turns_of(ada)] == [False, False]


async def test_a_turn_is_withheld_once_its_document_is_deleted(ada: Any, services: Services) -> None:
    await talk(services, ada.user_id)
    await services.metadata.bury("d1", now=2.0)
    assert [(turn["answer"], turn["withheld"]) for turn in await turns_of(ada)] == [("", True)]


async def test_the_list_goes_on_where_a_page_ended(ada: Any, bob: Any, services: Services) -> None:
    for number in range(5):
        await talk(services, ada.user_id, f"c{number}", turn=cited_turn(asked_at=1e9 + number / 3))
        await talk(services, bob.user_id, f"of bob {number}")
    ids, after = [], None
    while True:
        parameters = {"limit": 2} | ({"after": after} if after else {})
        page = (await ada.http.get("/api/conversations", params=parameters)).json()
        ids.append([each["id"] for each in page["conversations"]])
        after = page["next"]
        if after is None:
            break
    assert ids == [["c4", "c3"], ["c2", "c1"], ["c0"]]


@pytest.mark.parametrize("after", ["!", "bm8=", base64.urlsafe_b64encode(b"yesterday c1").decode(), "\u65e5"])
async def test_a_cursor_that_no_page_ended_with_is_refused(ada: Any, refused: Refused, after: str) -> None:
    refused(await ada.http.get("/api/conversations", params={"after": after}), 400, "invalid-request")


@pytest.mark.parametrize("moment", ["nan", "inf", "-inf", "1e999"])
async def test_a_cursor_of_no_moment_lists_what_is_ones_own_or_nothing(
    ada: Any, bob: Any, services: Services, moment: str
) -> None:
    await talk(services, ada.user_id)
    after = base64.urlsafe_b64encode(f"{moment} c".encode()).decode()
    assert (await bob.http.get("/api/conversations", params={"after": after})).json() == {
        "conversations": [],
        "next": None,
    }


async def test_all_of_ones_conversations_go_at_once_and_nobody_elses(
    ada: Any, bob: Any, services: Services
) -> None:
    for conversation_id in ("c1", "c2"):
        await talk(services, ada.user_id, conversation_id)
    await talk(services, bob.user_id, "of bob")
    assert (await ada.http.delete("/api/conversations")).status_code == 204
    assert (await ada.http.get("/api/conversations")).json()["conversations"] == []
    assert [turn["answer"] for turn in await turns_of(bob, "of bob")] == ["Here [1]."]


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
        refused(await bob.http.get(f"{path}/export"), 404, "not-found")["detail"],
        refused(await bob.http.patch(path, json={"title": "Mine"}), 404, "not-found")["detail"],
        refused(await bob.http.delete(path), 404, "not-found")["detail"],
    }
    assert len(details) == 1
    assert (await ada.http.get("/api/conversations/c1")).json()["title"] == "Where?"
    assert (await bob.http.get("/api/conversations")).json()["conversations"] == []


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
