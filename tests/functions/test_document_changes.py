"""Sharing, deleting and retrying documents."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from shared.domain import DocumentStatus
from shared.ingest.events import INGEST_QUEUE, decode
from shared.services import Services
from tests.stand_ins.documents_api import path_of, publish, searched

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def test_a_document_is_shared_with_everyone_and_taken_back(
    ada: Any, bob: Any, services: Services, refused: Refused
) -> None:
    uploaded = await ada.upload("pumps.md")
    await publish(services, uploaded)
    readers = frozenset({"organisation:default", f"user:{bob.user_id}"})
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
