"""Retrying what is parked or failed, one by one and in batches; what is shown of it meanwhile."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.domain import DocumentStatus
from shared.ingest.events import INGEST_QUEUE, StorageEvent, decode, encode
from shared.services import Services
from tests.functions.conftest import Person
from tests.stand_ins.documents_api import path_of

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]


async def park(services: Services, document_id: str) -> None:
    document = await services.metadata.document(document_id)
    assert document is not None
    event = encode(StorageEvent(name=document.name))
    assert await services.metadata.park(document.id, reason="the model is away", event=event, now=time.time())


async def reject(services: Services, document_id: str) -> None:
    assert await services.metadata.reject(document_id, 0, reason="the file is encrypted", now=time.time())


async def parked(person: Person, services: Services, *names: str) -> list[str]:
    """Uploads these and parks them; their ids."""
    ids = [str((await person.upload(name))["id"]) for name in names]
    for each in ids:
        await park(services, each)
    return ids


async def sent(services: Services) -> list[str]:
    """The blobs whose events wait."""
    names: list[str] = []
    while messages := await services.queue.receive(INGEST_QUEUE, limit=32, visibility=30):
        names += [decode(message.body).name for message in messages]
    return sorted(names)


async def retry(person: Person, body: object = None) -> int:
    response = await person.http.post("/api/documents/retry", json=body)
    assert response.status_code == 202, response.text
    return int(response.json()["retried"])


async def test_a_parked_document_says_so_and_why(ada: Person, services: Services) -> None:
    [identifier] = await parked(ada, services, "pumps.md")
    shown = (await ada.http.get(f"/api/documents/{identifier}")).json()
    assert (shown["status"], shown["status_text"]) == ("failed", "failed (parked)")
    assert (shown["is_parked"], shown["reason"]) == (True, "the model is away")


async def test_a_rejected_document_is_not_parked(ada: Person, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    await reject(services, uploaded["id"])
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert (shown["status_text"], shown["is_parked"]) == ("failed", False)


async def test_a_document_between_two_attempts_says_what_it_waits_for(
    ada: Person, services: Services
) -> None:
    uploaded = await ada.upload("pumps.md")
    await services.metadata.set_status(
        uploaded["id"], 0, DocumentStatus.QUEUED, reason="the model is away", now=time.time()
    )
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert (shown["status"], shown["status_text"]) == ("queued", "waiting: the model is away")


async def test_a_retry_sends_the_very_event_that_was_parked(ada: Person, services: Services) -> None:
    uploaded = await ada.upload("pumps.md")
    name = f"users/{ada.user_id}/pumps.md"
    event = encode(StorageEvent(name=name)).replace(": ", ":   ")
    assert await services.metadata.park(uploaded["id"], reason="away", event=event, now=time.time())
    assert (await ada.http.post(path_of(uploaded, "/retry"))).status_code == 202
    [message] = await services.queue.receive(INGEST_QUEUE, limit=10, visibility=30)
    assert (message.body, decode(message.body).name) == (event, name)
    shown = (await ada.http.get(path_of(uploaded))).json()
    assert (shown["status_text"], shown["reason"], shown["is_parked"]) == ("queued", None, False)


async def test_a_batch_brings_back_every_parked_document_of_the_caller(
    ada: Person, bob: Person, root: Person, services: Services
) -> None:
    await parked(ada, services, *(f"{number:03}.md" for number in range(120)))
    await parked(bob, services, "bobs.md")
    await parked(root, services, "shared/handbook.md")
    rejected = await ada.upload("rejected.md")
    await reject(services, rejected["id"])
    assert await retry(ada) == 120
    assert await sent(services) == [f"users/{ada.user_id}/{number:03}.md" for number in range(120)]
    assert await retry(ada) == 0
    assert (await services.metadata.count_documents())[DocumentStatus.FAILED] == 3


async def test_an_administrators_batch_brings_back_everybodys(
    ada: Person, bob: Person, root: Person, services: Services
) -> None:
    await parked(ada, services, "adas.md")
    await parked(bob, services, "bobs.md")
    await parked(root, services, "shared/handbook.md")
    assert await retry(root) == 3
    assert len(await sent(services)) == 3


async def test_a_batch_may_be_narrowed_by_prefix(ada: Person, root: Person, services: Services) -> None:
    await parked(ada, services, "a/1.md", "a/2.md", "b/1.md")
    await parked(root, services, "shared/a/1.md")
    assert await retry(ada, {"prefix": "a/"}) == 2
    assert await retry(ada, {"prefix": "shared/"}) == 0, "hers to read, not to change"
    assert await retry(root, {"prefix": "shared/a"}) == 1


async def test_a_batch_may_name_its_documents_and_skips_those_of_others(
    ada: Person, bob: Person, services: Services
) -> None:
    first, second = await parked(ada, services, "1.md", "2.md")
    [other] = await parked(bob, services, "3.md")
    waiting = (await ada.upload("4.md"))["id"]
    assert await retry(ada, {"ids": [first, other, waiting, "0" * 32]}) == 1
    assert await sent(services) == [f"users/{ada.user_id}/1.md"]
    assert await retry(ada, {"ids": []}) == 0
    assert (await services.metadata.documents([second]))[second].parked_event is not None


async def test_what_was_rejected_is_retried_when_it_is_asked_for(ada: Person, services: Services) -> None:
    uploaded = await ada.upload("rejected.md")
    await reject(services, uploaded["id"])
    assert await retry(ada) == 0
    assert await retry(ada, {"ids": [uploaded["id"]]}) == 0
    assert await retry(ada, {"parked_only": False}) == 1


@pytest.mark.parametrize(
    "body", [{"ids": ["x"] * 501}, {"ids": "all"}, {"parked": True}, {"prefix": 1}, {"ids": ["x" * 101]}]
)
async def test_a_batch_that_cannot_be_is_refused(ada: Person, refused: Refused, body: object) -> None:
    refused(await ada.http.post("/api/documents/retry", json=body), 422, "invalid-request")


async def test_nobody_retries_without_signing_in(http: httpx.AsyncClient, refused: Refused) -> None:
    refused(await http.post("/api/documents/retry"), 401, "not-authenticated")
