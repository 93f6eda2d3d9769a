"""Who leaves a group is told nothing more of what is shared with it: from the next request on, anywhere."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.ingest import pipeline
from shared.services import Services
from tests.functions.answering.test_query import QUESTION
from tests.stand_ins.pipeline_services import put

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
TEXT = "The warranty lasts two years."


@pytest.fixture
def answer_ttl() -> float:
    return 60.0


@pytest.fixture
async def document_id(root: Any, ada: Any, bob: Any, services: Services) -> str:
    """Of a document of Ada's that is shared with a group; Bob is in it."""
    group = (await root.http.post("/api/groups", json={"name": "HR"})).json()["id"]
    await root.http.put(f"/api/groups/{group}/members/{bob.user_id}")
    name = f"users/{ada.user_id}/terms.txt"
    await put(services, TEXT, name)
    found = await pipeline.ingest(name, services)
    assert found is not None
    shared = await ada.http.patch(f"/api/documents/{found.id}", json={"readers": ["group:HR"]})
    assert shared.json()["readers"] == ["group:HR"]
    return found.id


async def leave(root: Any, bob: Any) -> str:
    (group,) = (await root.http.get("/api/groups")).json()["groups"]
    member = f"/api/groups/{group['id']}/members/{bob.user_id}"
    assert (await root.http.delete(member)).status_code == 204
    return member


async def everything_told(bob: Any, conversation_id: str) -> str:
    """What the document could show in: questions, new and old, streamed, searches, lists, exports."""
    follow_up = QUESTION | {"conversation_id": conversation_id}
    answers = [
        await bob.http.post("/api/query", json=QUESTION),
        await bob.http.post("/api/query", json=follow_up),
        await bob.http.post("/api/query", json=QUESTION, headers={"Accept": "text/event-stream"}),
        await bob.http.post("/api/search", json=QUESTION),
        await bob.http.get("/api/documents"),
        await bob.http.get(f"/api/conversations/{conversation_id}"),
        await bob.http.get("/api/conversations/export"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    return "".join(answer.text for answer in answers)


async def test_who_leaves_a_group_is_told_nothing_more_of_what_is_shared_with_it(
    root: Any, ada: Any, bob: Any, document_id: str, refused: Refused
) -> None:
    first = (await bob.http.post("/api/query", json=QUESTION)).json()
    assert first["answer"] == "Two years [1]."
    assert (await bob.http.post("/api/query", json=QUESTION)).json()["cached"] is True
    member = await leave(root, bob)
    told = await everything_told(bob, first["conversation_id"])
    for trace in ("Two years", "two years", "terms.txt", document_id):
        assert trace not in told
    for rest in ("", "/content"):
        refused(await bob.http.get(f"/api/documents/{document_id}{rest}"), 404, "not-found")
    assert (await root.http.put(member)).status_code == 204
    again = await everything_told(bob, first["conversation_id"])
    assert "Two years" in again
    assert document_id in again


async def test_the_owner_goes_on_reading(root: Any, ada: Any, bob: Any, document_id: str) -> None:
    await leave(root, bob)
    assert (await ada.http.post("/api/query", json=QUESTION)).json()["answer"] == "Two years [1]."


async def test_nobody_reads_by_a_group_that_is_gone(
    root: Any, bob: Any, document_id: str, services: Services
) -> None:
    first = (await bob.http.post("/api/query", json=QUESTION)).json()
    (group,) = (await root.http.get("/api/groups")).json()["groups"]
    await root.http.delete(f"/api/groups/{group['id']}")
    assert "Two years" not in await everything_told(bob, first["conversation_id"])
