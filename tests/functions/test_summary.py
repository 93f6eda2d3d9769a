"""The summary of the documents: counts, backlog, rate, expected end."""

import time
from typing import Any

import httpx

from functions.summary import pace
from shared.domain import DocumentStatus
from shared.ingest.versions import FillEvent, send
from shared.services import Services
from tests.functions.conftest import Person
from tests.functions.test_retries import Refused, park, reject

NONE = dict.fromkeys(("queued", "parsing", "embedding", "indexed", "failed"), 0)


async def summary(person: Person) -> dict[str, Any]:
    response = await person.http.get("/api/documents/summary")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_it_counts_what_the_caller_may_read_and_nothing_else(
    ada: Person, bob: Person, root: Person, services: Services
) -> None:
    for person, name in ((ada, "1.md"), (ada, "2.md"), (bob, "3.md"), (root, "shared/4.md")):
        await person.upload(name)
    told = await summary(ada)
    assert told == {
        "documents": NONE | {"queued": 3},
        "parked": 0,
        "backlog": 3,
        "per_minute": 0.0,
        "expected_seconds": None,
    }
    assert (await summary(root))["backlog"] == 4


async def test_the_rate_is_that_of_what_the_caller_may_read(
    ada: Person, bob: Person, root: Person, services: Services
) -> None:
    await ada.upload("1.md")
    await reject(services, (await bob.upload("2.md"))["id"])
    assert (await summary(ada))["per_minute"] == 0.0
    assert (await summary(bob))["per_minute"] == (await summary(root))["per_minute"] == 0.2


async def test_the_expected_end_follows_from_the_last_five_minutes(ada: Person, services: Services) -> None:
    ids = [(await ada.upload(f"{number}.md"))["id"] for number in range(15)]
    for each in ids[:10]:
        await reject(services, each)
    told = await summary(ada)
    assert (told["backlog"], told["per_minute"], told["expected_seconds"]) == (5, 2.0, 150.0)


async def test_what_was_finished_long_ago_tells_nothing_of_the_rate(ada: Person, services: Services) -> None:
    first, _ = [(await ada.upload(f"{number}.md"))["id"] for number in range(2)]
    assert await services.metadata.reject(first, 0, reason="encrypted", now=time.time() - 301)
    told = await summary(ada)
    assert (told["backlog"], told["per_minute"], told["expected_seconds"]) == (1, 0.0, None)


async def test_without_a_backlog_the_end_is_now(services: Services) -> None:
    counts = await services.metadata.count_documents()
    found = await pace(counts, services.metadata)
    assert (found.backlog, found.expected_seconds) == (0, 0.0)


async def test_parked_ones_are_counted_for_whoever_may_read_them(
    ada: Person, bob: Person, root: Person, services: Services
) -> None:
    for person in (ada, bob):
        await park(services, (await person.upload("parked.md"))["id"])
    await reject(services, (await ada.upload("rejected.md"))["id"])
    assert [(await summary(each))["parked"] for each in (ada, bob, root)] == [1, 1, 2]
    assert (await summary(ada))["documents"] == NONE | {"failed": 2}


async def test_an_administrator_sees_all_documents_and_both_queues(
    ada: Person, root: Person, services: Services
) -> None:
    uploaded = await ada.upload("notes.md")
    await ada.http.post(f"/api/documents/{uploaded['id']}/retry")
    for number in range(2):
        await send(FillEvent(index="documents-v2", document=f"{number}.md"), services)
    told = await summary(root)
    assert told["documents"] == NONE | {"queued": 1}
    assert (told["queue"]["length"], told["fills"]["length"]) == (1, 2)
    assert 0 <= told["queue"]["oldest_seconds"] < 60


async def test_deleted_documents_are_not_counted(root: Person, services: Services) -> None:
    uploaded = await root.upload("notes.md")
    await root.http.delete(f"/api/documents/{uploaded['id']}")
    assert (await services.metadata.count_documents())[DocumentStatus.DELETED] == 1
    assert (await summary(root))["documents"] == NONE


async def test_nobody_sees_it_without_signing_in(http: httpx.AsyncClient, refused: Refused) -> None:
    refused(await http.get("/api/documents/summary"), 401, "not-authenticated")
