"""Index versions over the API: for administrators, and never at the cost of a question."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.services import Services
from tests.functions.conftest import Person
from tests.stand_ins.index_building import work_off
from tests.stand_ins.pipeline_services import ingested

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]

WARRANTY = "How long does the warranty last?"
pytestmark = pytest.mark.usefixtures("library")


async def listed(root: Person) -> list[dict[str, Any]]:
    response = await root.http.get("/api/indexes")
    assert response.status_code == 200, response.text
    indexes: list[dict[str, Any]] = response.json()["indexes"]
    return indexes


async def built(root: Person, services: Services, **body: Any) -> str:
    response = await root.http.post("/api/indexes", json=body)
    assert response.status_code == 202, response.text
    await work_off(services)
    return str(response.json()["name"])


async def ask(person: Person, **body: Any) -> dict[str, Any]:
    response = await person.http.post("/api/query", json={"question": WARRANTY, **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_index_versions_are_for_administrators(root: Person, ada: Person, refused: Refused) -> None:
    name = (await listed(root))[0]["name"]
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("POST", "/rollback"),
        ("POST", f"/{name}/gate"),
        ("POST", f"/{name}/promote"),
        ("DELETE", f"/{name}"),
    ):
        refused(await ada.http.request(method, f"/api/indexes{path}"), 403, "access-denied")


async def test_a_new_index_is_listed_with_what_fills_it_and_how_far_it_is(
    root: Person, services: Services
) -> None:
    (live,) = await listed(root)
    assert (live["state"], live["documents"], live["missing"], live["chunks"]) == ("live", 1, 0, 2)
    response = await root.http.post("/api/indexes", json={"chunk_chars": 300, "chunk_overlap": 30})
    assert response.status_code == 202
    started = response.json()
    assert (started["state"], started["documents"], started["missing"]) == ("building", 0, 1)
    assert (started["embedder"], started["dimension"]) == (live["embedder"], live["dimension"])
    assert (started["chunk_chars"], started["chunk_overlap"]) == (300, 30)
    await work_off(services)
    before, after = await listed(root)
    assert before == live
    assert after == {**started, "documents": 1, "missing": 0, "chunks": 2}


async def test_two_indexes_are_not_built_at_once(root: Person, services: Services, refused: Refused) -> None:
    await built(root, services)
    problem = refused(await root.http.post("/api/indexes"), 409, "conflict")
    assert problem["detail"] == "another index is being built; promote or remove it first"


@pytest.mark.parametrize(
    "body", [{"chunk_chars": 199}, {"dimension": 3}, {"embedder": ""}, {"color": "blue"}]
)
async def test_what_no_index_can_be_like_is_refused(
    root: Person, refused: Refused, body: dict[str, Any]
) -> None:
    refused(await root.http.post("/api/indexes", json=body), 422, "invalid-request")


async def test_a_promotion_asks_the_stored_questions_first_and_shows_what_it_found(
    root: Person, ada: Person, services: Services
) -> None:
    await ask(ada)
    name = await built(root, services)
    response = await root.http.post(f"/api/indexes/{name}/promote")
    assert response.status_code == 200, response.text
    promoted = response.json()
    assert promoted["state"] == "live"
    assert (promoted["gate"]["questions"], promoted["gate"]["missing"]) == (1, 0)
    assert promoted["gate"]["other"]["recall"] == 1.0
    assert promoted["gate"]["refusal"] is None
    assert WARRANTY not in json.dumps(await listed(root))
    assert (await ask(ada))["index"] == name


async def test_an_index_that_is_worse_is_not_promoted_unless_forced(
    root: Person, ada: Person, services: Services, refused: Refused
) -> None:
    await ask(ada)
    before = (await listed(root))[0]["name"]
    name = await built(root, services)
    index = await services.shelf.named(name)
    async for document_id, _ in index.search_index.versions():
        await index.search_index.delete_versions(document_id)
    problem = refused(await root.http.post(f"/api/indexes/{name}/promote"), 409, "conflict")
    assert problem["detail"].startswith(f"{name} is not promoted: recall@10 falls from 1.000 to 0.000")
    assert (await ask(ada))["index"] == before
    assert (await listed(root))[1]["gate"]["refusal"] in problem["detail"]
    assert (await root.http.post(f"/api/indexes/{name}/promote?force=true")).status_code == 200
    assert (await ask(ada))["index"] == name
    assert (await root.http.post("/api/indexes/rollback")).json()["name"] == before
    assert (await ask(ada))["index"] == before


async def test_questions_with_known_sources_may_be_given(root: Person, services: Services) -> None:
    name = await built(root, services)
    questions = [
        {
            "question": WARRANTY,
            "answers": [{"document": "shared/terms.txt", "page": 1}],
            "must_contain": ["two"],
        },
        {"question": "Where?", "answers": [{"document": "shared/unknown.txt", "page": 1}]},
        {"question": "Nobody knows?", "answers": []},
    ]
    response = await root.http.post(f"/api/indexes/{name}/gate", json={"questions": questions})
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["questions"], report["other"]["recall"], report["refusal"]) == (1, 1.0, None)


async def test_many_questions_fit_into_a_comparison(root: Person, services: Services) -> None:
    name = await built(root, services)
    questions = [{"question": f"Nobody knows {'x' * 200}{n}?", "answers": []} for n in range(2_000)]
    response = await root.http.post(f"/api/indexes/{name}/gate", json={"questions": questions})
    assert response.status_code == 200, response.text


async def test_an_administrator_asks_an_index_by_name_before_it_is_live(
    root: Person, ada: Person, services: Services, refused: Refused
) -> None:
    name = await built(root, services)
    await ingested(services, "The warranty lasts three years.\fReturns take a week.", "shared/terms.txt")
    answer = await ask(root, index=name)
    assert answer["index"] == name
    found = await root.http.post("/api/search", json={"question": WARRANTY, "index": name})
    assert "two years" in found.json()["passages"][0]["content"], "as of what it holds"
    await work_off(services)
    found = await root.http.post("/api/search", json={"question": WARRANTY, "index": name})
    assert "three years" in found.json()["passages"][0]["content"]
    for path in ("query", "search"):
        response = await ada.http.post(f"/api/{path}", json={"question": WARRANTY, "index": name})
        refused(response, 403, "access-denied")
        response = await root.http.post(f"/api/{path}", json={"question": WARRANTY, "index": "documents-v9"})
        refused(response, 404, "not-found")


async def test_an_index_is_removed_but_for_the_live_one(
    root: Person, services: Services, refused: Refused
) -> None:
    live = (await listed(root))[0]["name"]
    name = await built(root, services)
    refused(await root.http.delete(f"/api/indexes/{live}"), 409, "conflict")
    assert (await root.http.delete(f"/api/indexes/{name}")).status_code == 204
    refused(await root.http.delete(f"/api/indexes/{name}"), 404, "not-found")
    assert [each["state"] for each in await listed(root)] == ["live", "removed"]
    refused(await root.http.post(f"/api/indexes/{name}/gate"), 404, "not-found")


async def test_there_is_no_way_back_where_nothing_was_live_before(root: Person, refused: Refused) -> None:
    refused(await root.http.post("/api/indexes/rollback"), 409, "conflict")


async def test_each_change_of_the_indexes_is_in_the_audit_trail(
    root: Person, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    name = await built(root, services)
    (await root.http.post(f"/api/indexes/{name}/promote", params={"force": True})).raise_for_status()
    (await root.http.post("/api/indexes/rollback")).raise_for_status()
    (await root.http.delete(f"/api/indexes/{name}")).raise_for_status()
    lines = [vars(record)["event_fields"] for record in caplog.records if record.message == "audit"]
    assert [line["reason"] for line in lines] == ["build", "promote by force", "rollback", "remove"]
    assert {(line["act"], line["actor"]) for line in lines} == {("index_changed", root.user_id)}
    assert lines[0]["subject"] == lines[3]["subject"] == name
