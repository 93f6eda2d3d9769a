"""Questions and searches that are narrowed to some of the documents."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.ingest import documents, pipeline
from tests.stand_ins.pipeline_services import put

QUESTION = {"question": "How long does the warranty last?"}
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
async def filed(ada: Any, services: Any) -> dict[str, str]:
    """Four documents on the same, by name."""
    names = {}
    for name, text in (
        ("shared/terms.txt", "The warranty lasts two years."),
        ("shared/eu/terms.md", "In Europe the warranty lasts three."),
    ):
        await put(services, text, name)
        names[name] = name
    for name, text in (
        ("old/terms.txt", b"The warranty of the pumps lasted one year."),
        ("old2/terms.txt", b"No warranty has ever lasted longer than its paper."),
    ):
        await ada.upload(name, text)
        names[name] = f"users/{ada.user_id}/{name}"
    for name in names.values():
        await pipeline.ingest(name, services)
    ids = {shown: documents.document_id(name) for shown, name in names.items()}
    tagged = await ada.http.patch(f"/api/documents/{ids['old/terms.txt']}", json={"tags": ["Archive"]})
    assert tagged.status_code == 200
    return ids


async def found(person: Any, **body: Any) -> set[str]:
    response = await person.http.post("/api/search", json=QUESTION | {"mode": "text"} | body)
    assert response.status_code == 200, response.text
    return {passage["document"] for passage in response.json()["passages"]}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, {"shared/terms.txt", "shared/eu/terms.md", "old/terms.txt", "old2/terms.txt"}),
        ({"folder": "old"}, {"old/terms.txt"}),
        ({"folder": "/old/"}, {"old/terms.txt"}),
        ({"folder": "shared"}, {"shared/terms.txt", "shared/eu/terms.md"}),
        ({"folder": "shared/eu"}, {"shared/eu/terms.md"}),
        ({"types": [".MD", "pdf"]}, {"shared/eu/terms.md"}),
        ({"types": ["markdown"], "folder": "old"}, set()),
        ({"tags": ["ARCHIVE ", "other"]}, {"old/terms.txt"}),
        ({"tags": ["other"]}, set()),
        ({"until": "2020-12-31"}, set()),
        ({"since": TODAY, "until": "2999-01-01T00:00:00+02:00", "types": ["md"]}, {"shared/eu/terms.md"}),
    ],
    ids=lambda value: "+".join(sorted(value)),
)
async def test_only_what_fits_is_found(
    ada: Any, filed: dict[str, str], filters: dict[str, Any], names: set[str]
) -> None:
    assert {name.removeprefix(f"users/{ada.user_id}/") for name in await found(ada, filters=filters)} == names


async def test_filters_open_nothing_to_who_may_not_read_it(bob: Any, filed: dict[str, str]) -> None:
    assert await found(bob, filters={"tags": ["archive"]}) == set()
    assert await found(bob, filters={"folder": "old"}) == set()
    assert await found(bob, filters={"document_ids": [filed["old/terms.txt"]]}) == set()


async def test_ids_are_taken_in_both_places_and_both_have_to_fit(ada: Any, filed: dict[str, str]) -> None:
    one, other = filed["shared/terms.txt"], filed["shared/eu/terms.md"]
    assert await found(ada, document_ids=[one]) == {"shared/terms.txt"}
    assert await found(ada, filters={"document_ids": [one]}) == {"shared/terms.txt"}
    both = {"document_ids": [one, other]}
    assert await found(ada, **both, filters={"types": ["md"], "document_ids": [other]}) == {
        "shared/eu/terms.md"
    }
    assert await found(ada, document_ids=[one], filters={"document_ids": [other]}) == set()


async def test_an_answer_cites_only_what_fits(ada: Any, filed: dict[str, str]) -> None:
    told = await ada.http.post("/api/query", json=QUESTION | {"filters": {"types": ["md"]}})
    assert [citation["document"] for citation in told.json()["citations"]] == ["shared/eu/terms.md"]
    nothing = await ada.http.post("/api/query", json=QUESTION | {"filters": {"tags": ["none"]}})
    assert nothing.json()["citations"] == []


@pytest.mark.parametrize(
    "filters",
    [
        {"folder": ""},
        {"folder": "/"},
        {"folder": "a\nb"},
        {"folder": "x" * 1025},
        {"types": []},
        {"types": ["*"]},
        {"types": [""]},
        {"types": ["x" * 17]},
        {"types": "pdf"},
        {"tags": []},
        {"tags": [""]},
        {"tags": ["x"] * 51},
        {"document_ids": []},
        {"document_ids": ["x"] * 1001},
        {"document_ids": ["x" * 101]},
        {"since": "yesterday"},
        {"since": 1},
        {"until": "2026-02-30"},
        {"since": "2026-01-02", "until": "2026-01-01"},
        {"language": "de"},
        [],
    ],
    ids=lambda value: str(value)[:40],
)
async def test_filters_that_cannot_be_are_refused(ada: Any, filters: object) -> None:
    for path in ("/api/search", "/api/query"):
        response = await ada.http.post(path, json=QUESTION | {"filters": filters})
        assert (response.status_code, response.json()["type"]) == (422, "urn:rag:problem:invalid-request")
        assert response.json()["detail"].startswith("body.filters")
