"""Documents over HTTP: whose they are, who sees them, and how they go."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from shared.domain import Chunk, DocumentStatus, IndexedChunk, SearchQuery
from shared.ingest.documents import document_id
from shared.ingest.events import INGEST_QUEUE, decode
from shared.services import Services

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
FIELDS = {
    *("id", "name", "title", "status", "reason", "is_owner", "readers", "size", "pages", "page_kind"),
    *("chunks", "is_searchable", "created_at", "updated_at", "indexed_at", "timings"),
}


def path_of(document: dict[str, Any], rest: str = "") -> str:
    return f"/api/documents/{document['id']}{rest}"


async def publish(services: Services, uploaded: dict[str, Any], text: str = "pumps") -> None:
    """What ingestion would do, without parser and embedder."""
    found = await services.metadata.document(uploaded["id"])
    assert found is not None
    blob = await services.blobs.head(found.name)
    assert blob is not None
    claimed = await services.metadata.claim(found.id, blob, now=1e9)
    assert claimed is not None
    version = claimed.claimed_version
    chunk = Chunk(
        id=f"{found.id}.{version}.0",
        document_id=found.id,
        version=version,
        ordinal=0,
        page=1,
        title="",
        heading="",
        content=text,
    )
    embedding = [1.0] + [0.0] * (services.search_index.dimension - 1)
    await services.search_index.write([IndexedChunk(chunk=chunk, embedding=embedding, readers=found.readers)])
    assert await services.metadata.publish(
        found.id,
        version,
        content_hash="h",
        title="Pumps",
        pages=1,
        page_kind="page",
        chunks=1,
        timings=(("parse", 12.5),),
        now=1e9,
    )


async def searched(services: Services, readers: frozenset[str] | None = None) -> list[str]:
    query = SearchQuery(text="pumps", embedding=None, top_k=10, readers=readers, mode="text")
    return [hit.chunk.document_id for hit in await services.search_index.search(query)]


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


async def test_a_document_is_shared_with_everyone_and_taken_back(
    ada: Any, bob: Any, services: Services, refused: Refused
) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    readers = frozenset({"everyone", f"user:{bob.user_id}"})
    assert await searched(services, readers) == []
    shared = await ada.http.patch(path_of(uploaded), json={"readers": ["everyone"]})
    assert shared.json()["readers"] == ["everyone"]
    seen = (await bob.http.get(path_of(uploaded))).json()
    assert (seen["name"], seen["is_owner"], seen["readers"]) == ("pumps.md", False, [])
    assert await searched(services, readers) == [uploaded["id"]]
    await ada.http.patch(path_of(uploaded), json={"readers": []})
    refused(await bob.http.get(path_of(uploaded)), 404, "not-found")
    assert await searched(services, readers) == []
    assert await ada.names() == ["pumps.md"]


async def test_a_document_is_shared_with_some(ada: Any, bob: Any, root: Any, sign_up: Any) -> None:
    eve = await sign_up("eve")
    uploaded = await ada.upload("pumps.md")
    shared = await ada.http.patch(
        path_of(uploaded), json={"readers": [" BOB@example.org", root.email, ada.email]}
    )
    assert shared.json()["readers"] == [bob.email, root.email]
    assert await bob.names() == ["pumps.md"]
    assert await eve.names() == []
    assert (await root.http.get(path_of(uploaded))).json()["readers"] == [bob.email, root.email]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"readers": ["nobody@example.org"]}, 400),
        ({"readers": ["nonsense"]}, 400),
        ({"readers": ["user:1"]}, 400),
        ({"readers": "everyone"}, 422),
        ({"readers": ["x" * 1001]}, 422),
        ({"readers": ["everyone"] * 101}, 422),
        ({"readers": [None]}, 422),
        ({}, 422),
        ({"readers": [], "owner": "me"}, 422),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_readers_who_cannot_be_are_refused(
    ada: Any, refused: Refused, body: object, status: int
) -> None:
    uploaded = await ada.upload("pumps.md")
    response = await ada.http.patch(path_of(uploaded), content=json.dumps(body), headers=JSON)
    refused(response, status, "invalid-request")
    assert (await ada.http.get(path_of(uploaded))).json()["readers"] == []


JSON = {"Content-Type": "application/json"}


async def test_a_reader_may_not_change_delete_or_retry(
    ada: Any, root: Any, services: Services, refused: Refused
) -> None:
    uploaded = await root.upload("shared/handbook.md")
    assert (await ada.http.get(path_of(uploaded))).json()["name"] == "shared/handbook.md"
    for response in (
        await ada.http.patch(path_of(uploaded), json={"readers": []}),
        await ada.http.delete(path_of(uploaded)),
        await ada.http.post(path_of(uploaded, "/retry")),
    ):
        refused(response, 403, "access-denied")
    assert (await root.http.delete(path_of(uploaded))).status_code == 204


async def test_a_deleted_document_is_gone_everywhere(ada: Any, services: Services, refused: Refused) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    assert await searched(services) == [uploaded["id"]]
    deleted = await ada.http.delete(path_of(uploaded))
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(await ada.http.get(path_of(uploaded)), 404, "not-found")
    refused(await ada.http.get(path_of(uploaded, "/content")), 404, "not-found")
    refused(await ada.http.post(path_of(uploaded, "/retry")), 404, "not-found")
    assert await ada.names() == []
    assert await searched(services) == []
    assert await services.blobs.head(f"users/{ada.user_id}/pumps.md") is None


async def test_repeating_a_delete_finishes_one_that_was_interrupted(ada: Any, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    await services.metadata.bury(uploaded["id"], now=1e9)  # as far as a crash let it come
    assert (await ada.http.delete(path_of(uploaded))).status_code == 204
    assert await services.blobs.head(f"users/{ada.user_id}/pumps.md") is None
    assert await searched(services) == []


async def test_a_name_comes_back_with_its_owner_and_no_old_readers(
    ada: Any, bob: Any, services: Services
) -> None:
    uploaded = await ada.upload("pumps.md")
    await ada.http.patch(path_of(uploaded), json={"readers": ["everyone"]})
    await ada.http.delete(path_of(uploaded))
    again = await ada.upload("pumps.md", b"other")
    assert again == uploaded
    assert await ada.names() == ["pumps.md"]
    assert await bob.names() == []


async def test_a_retry_queues_the_document_and_its_event(ada: Any, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    retried = await ada.http.post(path_of(uploaded, "/retry"))
    assert retried.status_code == 202
    assert retried.json() == {"id": uploaded["id"], "name": "pumps.md", "status": "queued"}
    [message] = await services.queue.receive(INGEST_QUEUE, limit=10, visibility=30)
    assert decode(message.body).name == f"users/{ada.user_id}/pumps.md"


async def test_what_is_in_work_is_not_retried(ada: Any, services: Services, refused: Refused) -> None:
    uploaded = await ada.upload("pumps.md")
    found = await services.metadata.document(uploaded["id"])
    assert found is not None
    blob = await services.blobs.head(found.name)
    assert blob is not None
    claimed = await services.metadata.claim(found.id, replace(blob, etag="e2"), now=1e9)
    assert claimed is not None
    assert claimed.status is DocumentStatus.PARSING
    refused(await ada.http.post(path_of(uploaded, "/retry")), 409, "conflict")
