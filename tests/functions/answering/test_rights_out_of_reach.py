"""Without the store of rights nothing is shown; what is told while rights change is settled afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.domain import ChatDelta
from shared.ingest import documents, pipeline
from shared.services import Services
from tests.isolation.canaries import canaries_in
from tests.isolation.speaker import EchoModel
from tests.isolation.truth import people_and_circles
from tests.isolation.world import COMMON, World
from tests.stand_ins.asgi_client import over
from tests.stand_ins.half_broken import OUT_OF_REACH, fails

_RIGHTS = ("document", "documents", "list_documents", "matching", "count_documents", "count_parked")
_SAID = {"messages": [{"role": "user", "content": COMMON}]}
_STREAMED = {"Accept": "text/event-stream"}
_TAGGED = {"filters": {"tags": ["pumps"]}}


class HeldModel(EchoModel):
    """Goes on after its first piece when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = False
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def stream(self, prompt: Any, *, timeout: float) -> AsyncIterator[ChatDelta]:
        async for delta in super().stream(prompt, timeout=timeout):
            yield delta
            if prompt.passages and self.is_held:
                self.has_begun.set()
                await self.may_end.wait()


@pytest.fixture
def model() -> HeldModel:
    return HeldModel()


@dataclass(frozen=True, kw_only=True)
class Person:
    http: httpx.AsyncClient
    user_id: str


@dataclass(frozen=True, kw_only=True)
class Library:
    services: Services
    ada: Person
    ben: Person


@pytest.fixture
async def library(tmp_path: Path, model: HeldModel) -> AsyncIterator[Library]:
    world = World(tmp_path, people_and_circles(), model=model)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.close)
        await world.open()
        await world.found()
        people = {}
        for each in world.truth.people[1:3]:
            http = over(world.api)
            http.headers["Authorization"] = f"Bearer {world.tokens[each.name]}"
            people[each.name] = Person(http=await stack.enter_async_context(http), user_id=each.user_id)
        yield Library(services=await world.services(), **people)


async def put(library: Library, person: Person, path: str, text: str) -> str:
    response = await person.http.put(f"/api/documents/{path}", content=text.encode())
    assert response.status_code == 202, response.text
    await pipeline.ingest(documents.blob_name(path, person.user_id), library.services)
    return str(response.json()["id"])


async def share(person: Person, document_id: str, *readers: str) -> None:
    response = await person.http.patch(f"/api/documents/{document_id}", json={"readers": readers})
    assert response.status_code == 200, response.text


async def ask(person: Person, **more: Any) -> dict[str, Any]:
    response = await person.http.post("/api/query", json={"question": COMMON} | more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def turns_of(person: Person, conversation_id: str) -> list[dict[str, Any]]:
    response = await person.http.get(f"/api/conversations/{conversation_id}")
    turns: list[dict[str, Any]] = response.json()["turns"]
    return turns


async def test_without_the_store_of_rights_every_route_that_shows_documents_answers_503(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = library.ada
    document = await put(library, ada, "zqnaaaaax.txt", "zqtaaaaax\nPumps say zqcaaaaax.")
    talk = (await ask(ada))["conversation_id"]
    assert (await ask(ada))["cached"]
    for name in _RIGHTS:
        monkeypatch.setattr(library.services.metadata, name, fails)
    asked = [
        ada.http.post("/api/query", json={"question": COMMON}, headers=headers) for headers in ({}, _STREAMED)
    ]
    asked += [ada.http.post("/api/query", json={"question": COMMON}) for _ in range(3)]  # at once: one flight
    asked += [ada.http.post("/api/query", json={"question": "And them?", "conversation_id": talk})]
    asked += [ada.http.post("/api/search", json={"question": COMMON} | more) for more in ({}, _TAGGED)]
    asked += [ada.http.post(path, json=_SAID) for path in ("/api/chat", "/api/chat/stream")]
    asked += [
        ada.http.post("/api/v1/chat/completions", json=_SAID | {"stream": stream}) for stream in (False, True)
    ]
    shown = ("", f"/{document}", f"/{document}/content", "/summary", "?tag=pumps", "?status=indexed")
    asked += [ada.http.get(f"/api/documents{path}") for path in shown]
    kept = (talk, f"{talk}/export", f"{talk}/export?format=json", "export")
    asked += [ada.http.get(f"/api/conversations/{path}") for path in kept]
    for response in await asyncio.gather(*asked):
        assert response.status_code == 503, f"{response.request.url} tells {response.text}"
        assert response.json()["detail"] == OUT_OF_REACH
        assert not canaries_in(response.text) | canaries_in(str(response.headers))


async def test_what_was_found_before_an_unshare_may_be_told_to_its_end_and_is_withheld_from_then_on(
    library: Library, model: HeldModel
) -> None:
    """The rights count at the moment of retrieval: words that are on their way are not called back."""
    ada, ben = library.ada, library.ben
    document = await put(library, ada, "pumps.txt", "Pumps\nPumps say zqcaaaaax.")
    await share(ada, document, "everyone")
    model.is_held = True
    asking = asyncio.create_task(ask(ben))
    await asyncio.wait_for(model.has_begun.wait(), 10)
    await share(ada, document)
    model.may_end.set()
    told = await asking
    assert "zqcaaaaax" in told["answer"]
    (turn,) = await turns_of(ben, told["conversation_id"])
    assert (turn["answer"], turn["citations"], turn["withheld"]) == ("", [], True)
    assert (await ask(ben))["citations"] == []


async def test_a_follow_up_that_repeats_an_earlier_turn_is_withheld_with_it(library: Library) -> None:
    ada, ben = library.ada, library.ben
    oil = await put(library, ada, "oil.txt", "Oil\nOil says zqcaaaaax.")
    rust = await put(library, ada, "rust.txt", "Rust\nRust says zqcbaaaax.")
    await share(ada, oil, "everyone")
    await share(ada, rust, "everyone")
    talk = (await ask(ben, document_ids=[oil]))["conversation_id"]
    then = await ask(ben, document_ids=[rust], conversation_id=talk)
    assert "zqcaaaaax" in then["answer"]
    assert {each["document_id"] for each in then["citations"]} == {rust}
    await share(ada, oil)
    assert [turn["withheld"] for turn in await turns_of(ben, talk)] == [True, True]
    assert "zqcaaaaax" not in (await ask(ben, document_ids=[rust], conversation_id=talk))["answer"]
    assert [turn["withheld"] for turn in await turns_of(ben, talk)] == [True, True, False]
