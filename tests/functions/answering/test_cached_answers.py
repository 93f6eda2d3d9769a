"""What was answered is answered again at once, and never to whom, or of what, it may not be told."""

import asyncio
import time

import pytest

from shared.domain import EVERYONE, ChatDelta
from shared.errors import BackendUnavailable
from shared.ingest import documents, pipeline
from tests.functions.answering.test_query import QUESTION, STREAMED, events
from tests.stand_ins.pipeline_services import put

pytestmark = pytest.mark.usefixtures("library")

TERMS = "shared/terms.txt"


@pytest.fixture
def answer_ttl() -> float:
    return 60.0


async def ask(person, **more):
    response = await person.http.post("/api/query", json=QUESTION | more)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_second_time_no_model_is_asked(ada, bob, model) -> None:
    first = await ask(ada)
    assert (first["cached"], first["usage"]["prompt_tokens"]) == (False, 50)
    streamed = events((await bob.http.post("/api/query", json=QUESTION, headers=STREAMED)).text)
    again = streamed[-1][1]
    assert (again["cached"], again["usage"]["prompt_tokens"]) == (True, 0)
    assert again["answer"] == first["answer"]
    assert "".join(data["text"] for name, data in streamed if name == "delta") == first["answer"]
    assert [each["snippet"] for each in again["citations"]] == [
        each["snippet"] for each in first["citations"]
    ]
    assert again["conversation_id"] != first["conversation_id"]
    assert len(model.prompts) == 1


async def test_hits_and_misses_are_counted(ada, model) -> None:
    for _ in range(3):
        await ask(ada)
    metrics = (await ada.http.get("/api/metrics")).text
    assert 'rag_cache_lookups_total{cache="answers",outcome="hit"} 2.0' in metrics
    assert 'rag_cache_lookups_total{cache="answers",outcome="miss"} 1.0' in metrics


async def test_a_new_version_is_answered_anew(ada, model, services) -> None:
    await ask(ada)
    await put(services, "The warranty lasts three years.\fReturns take a week.", TERMS)
    await pipeline.ingest(TERMS, services)
    model.words = ["Three years [1]."]
    told = await ask(ada)
    assert (told["answer"], told["cached"]) == ("Three years [1].", False)


async def test_a_document_that_is_gone_takes_its_answers_along(ada, model, services) -> None:
    await ask(ada)
    await services.blobs.delete(TERMS)
    await pipeline.ingest(TERMS, services)
    told = await ask(ada)
    assert told["answer"].startswith("I don't know")
    assert "Two years" not in str(told)


async def test_what_is_no_longer_shared_is_not_told_again_to_anybody_else(ada, bob, model, services) -> None:
    assert (await ask(bob))["answer"] == "Two years [1]."
    owner = frozenset({f"user:{ada.user_id}"})
    document_id = documents.document_id(TERMS)
    await services.metadata.set_readers(document_id, owner, now=time.time())
    refused = await ask(bob)
    assert refused["answer"].startswith("I don't know")
    assert "Two years" not in str(refused)
    assert (await ask(ada))["cached"] is False  # she may read it by another right than everybody's
    await services.metadata.set_readers(document_id, frozenset({EVERYONE}), now=time.time())
    assert (await ask(bob))["answer"] == "Two years [1]."


async def test_a_follow_up_is_another_question(ada, model) -> None:
    first = await ask(ada)
    assert (await ask(ada, conversation_id=first["conversation_id"]))["cached"] is False


async def test_of_many_who_ask_the_same_at_once_one_asks_the_model(ada, bob, model) -> None:
    answered = asyncio.Event()
    said = model.stream

    async def stream(prompt, *, timeout):
        async for delta in said(prompt, timeout=timeout):
            yield delta
            await answered.wait()

    model.stream = stream
    asked = [asyncio.create_task(ask(person)) for person in (ada, bob, ada, bob, ada)]
    async with asyncio.timeout(10):
        while not model.prompts:
            await asyncio.sleep(0.01)
    answered.set()
    told = await asyncio.gather(*asked)
    assert {each["answer"] for each in told} == {"Two years [1]."}
    assert len(model.prompts) == 1
    assert sorted(each["cached"] for each in told) == [False, True, True, True, True]
    assert len({each["conversation_id"] for each in told}) == 5


async def test_an_earlier_answer_stands_in_for_a_model_that_is_down(ada, model, services) -> None:
    first = await ask(ada)
    # What is found for the question is no longer quite the same, so the entry itself is not found.
    await put(services, "The warranty of toys.", "shared/toys.txt")
    await pipeline.ingest("shared/toys.txt", services)
    model.words, model.error = [], BackendUnavailable("down")
    told = await ask(ada)
    assert (told["degraded"], told["model"]) == ("cached", "told")
    assert told["degraded_reason"]
    assert [each["snippet"] for each in told["citations"]] == [each["snippet"] for each in first["citations"]]


async def test_an_earlier_answer_of_an_older_version_does_not(ada, model, services) -> None:
    await ask(ada)
    await put(services, "The warranty lasts three years.\fReturns take a week.", TERMS)
    await pipeline.ingest(TERMS, services)
    model.words, model.error = [], BackendUnavailable("down")
    told = await ask(ada)
    assert (told["degraded"], told["model"]) == ("extractive", "extractive")
    assert "Two years" not in told["answer"]


async def test_an_answer_that_broke_off_is_not_remembered(ada, model) -> None:
    model.words, model.error = ["Two years [1]. ", "And "], BackendUnavailable("reset")
    assert (await ada.http.post("/api/query", json=QUESTION)).status_code == 503
    model.words, model.error = ["Two years [1]."], None
    told = await ask(ada)
    assert (told["answer"], told["cached"]) == ("Two years [1].", False)


async def test_who_leaves_does_not_take_the_answer_from_who_stays(ada, bob, model, services) -> None:
    go_on = asyncio.Event()

    async def stream(prompt, *, timeout):
        model.prompts.append(prompt)
        yield ChatDelta(text="Two years [1]")
        await go_on.wait()
        yield ChatDelta(text=", no more.")

    model.stream = stream
    leaver = asyncio.create_task(ask(ada))
    stayer = asyncio.create_task(ask(bob))
    async with asyncio.timeout(10):
        while [flight._followers for flight in services.flights._flights.values()] != [2]:
            await asyncio.sleep(0.01)
    leaver.cancel()
    await asyncio.wait({leaver})
    go_on.set()
    assert (await stayer)["answer"] == "Two years [1], no more."
    assert len(model.prompts) == 1
