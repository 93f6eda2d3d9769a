"""What an answer came to is its asker's, in every dialect; an answer from the cache saves it."""

from typing import Any

import pytest

from functions.answers import answered
from functions.dependencies import Runtime
from shared.domain import DeltaEvent, Principal, Question
from shared.errors import BackendUnavailable
from shared.services import Services
from tests.functions.answering.test_limits import ROUTES

TOKENS = {"prompt_tokens": 50, "completion_tokens": 7}  # what the told model tells
NAME = "told"


@pytest.fixture
def answer_ttl() -> float:
    return 60.0


@pytest.fixture
def priced(runtime: Runtime) -> None:
    runtime.ledger._prices = {NAME: (2.0, 10.0)}


@pytest.mark.parametrize(("path", "body", "headers"), [each for each in ROUTES if each[0] != "/api/search"])
async def test_an_answer_is_charged_to_who_asked(
    priced: None, library: None, ada: Any, bob: Any, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    for _ in range(2):
        assert (await ada.http.post(path, json=body, headers=headers)).status_code == 200
    told = (await ada.http.get("/api/usage")).json()
    assert told["total"] == {"questions": 2, **TOKENS, "saved_tokens": 57, "cost_usd": 0.00017}
    assert [each["model"] for each in told["usage"]] == [NAME]
    assert (await bob.http.get("/api/usage")).json()["total"]["questions"] == 0


async def test_a_search_costs_nothing(library: None, ada: Any) -> None:
    assert (await ada.http.post("/api/search", json={"question": "warranty"})).status_code == 200
    assert (await ada.http.get("/api/usage")).json()["usage"] == []


async def test_an_answer_that_breaks_off_is_charged_by_an_estimate(
    priced: None, library: None, ada: Any, model: Any
) -> None:
    model.words, model.error = ["Two years [1]. ", "And "], BackendUnavailable("reset")
    assert (await ada.http.post("/api/query", json={"question": "warranty"})).status_code == 503
    told = (await ada.http.get("/api/usage")).json()["total"]
    assert told["questions"] == 1
    assert told["prompt_tokens"] > 0
    assert told["completion_tokens"] > 0
    assert told["cost_usd"] > 0


async def test_who_leaves_in_mid_answer_pays_for_it_once(
    priced: None, library: None, ada: Any, runtime: Runtime, services: Services
) -> None:
    caller = Principal(user_id=ada.user_id, email=ada.email)
    events = answered(Question(text="warranty"), caller, runtime, request_id="r")
    seen = [await anext(events), await anext(events)]
    assert isinstance(seen[-1], DeltaEvent)
    await events.aclose()
    told = (await ada.http.get("/api/usage")).json()["total"]
    assert told["questions"] == 1
    assert told["completion_tokens"] > 0


async def test_a_question_that_fails_before_the_model_is_asked_costs_nothing(
    priced: None, library: None, ada: Any
) -> None:
    body = {"question": "warranty", "conversation_id": "no-such"}
    assert (await ada.http.post("/api/query", json=body)).status_code == 404
    assert (await ada.http.get("/api/usage")).json()["total"]["questions"] == 0
