"""What an answer came to is its asker's, in every dialect; an answer from the cache saves it."""

from typing import Any

import pytest

from functions.dependencies import Runtime
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
