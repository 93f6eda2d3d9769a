"""Documents over HTTP: whose they are, who sees them, and how they go."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from shared.ingest.documents import document_id
from shared.services import Services
from tests.stand_ins.documents_api import path_of, publish

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
FIELDS = {
    *("id", "name", "title", "status", "status_text", "reason", "is_parked", "is_owner"),
    *("may_change", "readers", "tags"),
    *("size", "pages", "page_kind", "chunks", "is_searchable", "created_at", "updated_at", "indexed_at"),
    "timings",
}


async def test_an_uploaded_document_is_shown_as_queued(ada: Any) -> None:
    uploaded = await ada.upload("reports/2026 – Ünïté.md", b"12345")
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert set(shown) == FIELDS
    assert shown["id"] == document_id(f"users/{ada.user_id}/reports/2026 – Ünïté.md")
    assert (shown["name"], shown["status"], shown["size"]) == ("reports/2026 – Ünïté.md", "queued", 5)
    assert (shown["is_owner"], shown["readers"], shown["is_searchable"]) == (True, [], False)
    assert shown["created_at"].endswith("+00:00")
    assert shown["indexed_at"] is None


async def test_an_indexed_document_tells_what_is_in_it(ada: Any, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert (shown["status"], shown["title"], shown["pages"], shown["chunks"]) == ("indexed", "Pumps", 1, 1)
    assert (shown["is_searchable"], shown["timings"]) == (True, {"parse": 12.5})
    assert shown["indexed_at"] == "2001-09-09T01:46:40+00:00"


async def test_the_list_has_pages_a_status_and_a_prefix(ada: Any, root: Any) -> None:
    for n in range(5):
        await ada.upload(f"reports/{n}.md")
    await ada.upload("other.md")
    await root.upload("shared/all.md")
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = (await ada.http.get("/api/documents", params=query)).json()
        assert len(page["documents"]) <= 3
        seen += [each["name"] for each in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["shared/all.md", "other.md", *(f"reports/{n}.md" for n in range(5))]
    assert await ada.names(prefix="reports/") == seen[2:]
    assert await ada.names(prefix="shared/") == ["shared/all.md"]
    assert await ada.names(status="queued") == seen
    assert await ada.names(status="indexed") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 501}, 422),
        ({"limit": "many"}, 422),
        ({"status": "done"}, 422),
        ({"after": "!"}, 400),
        ({"after": "gICA"}, 400),
        ({"prefix": "x" * 1025}, 422),
    ],
    ids=str,
)
async def test_a_list_that_cannot_be_is_refused(
    ada: Any, refused: Refused, query: dict[str, Any], status: int
) -> None:
    response = await ada.http.get(f"/api/documents?{urlencode(query)}")
    refused(response, status, "invalid-request")


async def test_nobody_sees_or_touches_what_is_anothers(
    ada: Any, bob: Any, root: Any, services: Services, refused: Refused
) -> None:
    uploaded = await ada.upload("private.md")
    for stranger in (bob, root):
        details = set()
        for target in (uploaded, {"id": "0" * 32}, {"id": "no such id"}):
            for response in (
                await stranger.http.get(path_of(target)),
                await stranger.http.get(path_of(target, "/content")),
                await stranger.http.patch(path_of(target), json={"readers": ["everyone"]}),
                await stranger.http.delete(path_of(target)),
                await stranger.http.post(path_of(target, "/retry")),
            ):
                details.add(refused(response, 404, "not-found")["detail"])
        assert len(details) == 1
        assert await stranger.names() == []
    assert (await ada.http.get(path_of(uploaded))).json()["readers"] == []
    assert await services.blobs.head(f"users/{ada.user_id}/private.md") is not None
