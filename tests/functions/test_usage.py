"""What was asked and spent, as its owner and administrators see it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from functions.dependencies import Runtime
from functions.limits import RequestLimits
from shared.domain import Answer, DailyUsage, Spent, Usage
from shared.query.ledger import day_of
from shared.services import Services

ANSWER = Answer(
    text="Two years [1].",
    citations=(),
    conversation_id="c",
    model="gpt-4o",
    index="documents",
    usage=Usage(prompt_tokens=1000, completion_tokens=100),
    timings=(),
    cache="miss",
)
SAVED = replace(ANSWER, usage=Usage(), saved=ANSWER.usage, cache="hit")
COST = (1000 * 2.5 + 100 * 10.0) / 1e6


async def test_ones_own_is_told_by_day_and_model(runtime: Runtime, ada: Any, bob: Any) -> None:
    for answer in (ANSWER, ANSWER, replace(ANSWER, model="extractive"), SAVED):
        runtime.ledger.record(ada.user_id, answer)
    runtime.ledger.record(bob.user_id, ANSWER)
    told = (await ada.http.get("/api/usage")).json()
    assert told["user_id"] == ada.user_id
    assert (told["first_day"], told["last_day"]) == (day_of(29), day_of(0))
    assert told["usage"] == [
        {
            "day": day_of(0),
            "model": "extractive",
            "questions": 1,
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "saved_tokens": 0,
            "cost_usd": 0.0,
        },
        {
            "day": day_of(0),
            "model": "gpt-4o",
            "questions": 3,
            "prompt_tokens": 2000,
            "completion_tokens": 200,
            "saved_tokens": 1100,
            "cost_usd": pytest.approx(2 * COST),
        },
    ]
    assert told["total"]["questions"] == 4
    assert told["total"]["cost_usd"] == pytest.approx(2 * COST)


async def test_days_before_the_period_are_left_out(services: Services, ada: Any) -> None:
    await services.metadata.add_usage(
        [
            DailyUsage(user_id=ada.user_id, day=day_of(ago), model="m", spent=Spent(questions=1))
            for ago in (0, 6, 7)
        ]
    )
    told = (await ada.http.get("/api/usage", params={"days": 7})).json()
    assert [each["day"] for each in told["usage"]] == [day_of(6), day_of(0)]


async def test_the_limits_tell_what_is_left(api: FastAPI, runtime: Runtime, ada: Any) -> None:
    runtime.settings = runtime.settings.model_copy(
        update={"tokens_per_day_user": 5000, "tokens_per_day": 1000, "requests_per_minute_address": 0}
    )
    api.state.request_limits = RequestLimits(runtime.settings, clock=lambda: 1_000_000_000.0)
    for _ in range(2):
        assert (await ada.http.post("/api/search", json={"question": ""})).status_code == 422
    runtime.ledger.record(ada.user_id, ANSWER)
    limits = (await ada.http.get("/api/usage")).json()["limits"]
    assert [(each["name"], each["limit"], each["left"], each["window_seconds"]) for each in limits] == [
        ("requests_per_minute", 60, 58, 60),
        ("tokens_per_day_user", 5000, 3900, 86_400),
        ("tokens_per_day", 1000, 0, 86_400),
    ]
    assert limits[0]["resets_in_seconds"] == 20


@pytest.mark.parametrize("parameters", [{"all": "true"}, {"user": "id-of-bob"}])
async def test_what_others_spend_is_for_administrators(
    root: Any, ada: Any, refused: Any, parameters: dict[str, str]
) -> None:
    refused(await ada.http.get("/api/usage", params=parameters), 403, "access-denied")
    assert (await root.http.get("/api/usage", params=parameters)).status_code == 200
    assert (await ada.http.get("/api/usage", params={"user": ada.user_id})).status_code == 200


@pytest.mark.parametrize("parameters", [{"days": 0}, {"days": 367}, {"days": "x"}, {"user": ""}])
async def test_what_is_no_period_or_user_is_refused(ada: Any, parameters: dict[str, Any]) -> None:
    assert (await ada.http.get("/api/usage", params=parameters)).status_code == 422


async def test_an_administrator_sees_who_spent_most_first(
    runtime: Runtime, root: Any, ada: Any, bob: Any
) -> None:
    for user_id in (ada.user_id, bob.user_id, bob.user_id, "of-a-tenant"):
        runtime.ledger.record(user_id, ANSWER)
    told = (await root.http.get("/api/usage", params={"all": "true"})).json()
    assert [(each["user_id"], each["email"], each["questions"]) for each in told["users"]] == [
        (bob.user_id, bob.email, 2),
        (ada.user_id, ada.email, 1),
        ("of-a-tenant", None, 1),
    ]
    assert told["total"]["cost_usd"] == pytest.approx(4 * COST)
    assert [(each["day"], each["model"], each["questions"]) for each in told["usage"]] == [
        (day_of(0), "gpt-4o", 4)
    ]
    of_bob = (await root.http.get("/api/usage", params={"user": bob.user_id})).json()
    assert (of_bob["user_id"], of_bob["total"]["questions"]) == (bob.user_id, 2)


async def test_the_metrics_tell_tokens_and_costs(runtime: Runtime, services: Services, http: Any) -> None:
    for user_id, answer in (
        ("ann", ANSWER),
        ("ann", ANSWER),
        ("bob", ANSWER),
        ("bob", SAVED),
    ):
        runtime.ledger.record(user_id, answer)
    await runtime.ledger.write()
    lines = (await http.get("/api/metrics")).text.splitlines()
    for line in (
        'rag_answer_tokens_total{kind="prompt"} 3000.0',
        'rag_answer_tokens_total{kind="completion"} 300.0',
        'rag_answer_tokens_total{kind="saved"} 1100.0',
        'rag_answer_cost_usd_total{model="gpt-4o"} 0.0105',
        'rag_user_spent_usd_today{who="all"} 0.0105',
        'rag_user_spent_usd_today{who="most"} 0.007',
    ):
        assert line in lines


async def test_what_was_recorded_is_written_by_itself_and_when_the_process_ends(
    runtime: Runtime, services: Services
) -> None:
    runtime.ledger.record("ann", ANSWER)
    async with asyncio.timeout(20):
        while not await services.metadata.tokens_used(day_of(0)):
            await asyncio.sleep(0.02)
    runtime.ledger.record("ann", ANSWER)
    await runtime.close()
    reopened = await runtime.services()
    assert await reopened.metadata.tokens_used(day_of(0)) == 2200
