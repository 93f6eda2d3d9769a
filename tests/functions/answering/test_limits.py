"""Limits at the question routes: exact, told in the headers, the same in every dialect."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from functions.dependencies import Runtime
from functions.limits import RequestLimits
from shared.caches.base import Cache
from shared.domain import DailyUsage, Spent
from shared.query.ledger import day_of
from shared.services import Services
from tests.contract.openers import CACHES

NOW = 1_000_000_000.0  # 20 seconds before a minute is over
MESSAGES = {"messages": [{"role": "user", "content": "How long does the warranty last?"}]}
ASKED = {"question": "How long does the warranty last?"}
ROUTES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("/api/query", ASKED, {}),
    ("/api/query", ASKED, {"Accept": "text/event-stream"}),
    ("/api/search", ASKED, {}),
    ("/api/chat", MESSAGES, {}),
    ("/api/chat/stream", MESSAGES, {}),
    ("/api/v1/chat/completions", MESSAGES, {}),
    ("/api/v1/chat/completions", {**MESSAGES, "stream": True}, {}),
]


def limit(api: FastAPI, runtime: Runtime, now: float = NOW, **settings: int) -> None:
    runtime.settings = runtime.settings.model_copy(update=settings)
    api.state.request_limits = RequestLimits(runtime.settings, clock=lambda: now)


@pytest.fixture(params=CACHES)
async def cache(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cache]:
    async with CACHES[request.param](tmp_path / "counts") as cache:
        yield cache


async def test_of_fifty_at_once_exactly_as_many_pass_as_may(
    api: FastAPI, runtime: Runtime, services: Services, library: None, ada: Any, cache: Cache
) -> None:
    limit(api, runtime, requests_per_minute=20)
    runtime.services = lambda: asyncio.sleep(0, replace(services, cache=cache))  # type: ignore[method-assign]
    answers = await asyncio.gather(*(ada.http.post("/api/search", json=ASKED) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 30
    left = sorted(int(answer.headers["ratelimit-remaining"]) for answer in answers)
    assert left == [0] * 30 + list(range(20))


@pytest.mark.parametrize(("path", "body", "headers"), ROUTES)
async def test_every_question_tells_the_limit_and_is_refused_past_it(
    api: FastAPI,
    runtime: Runtime,
    library: None,
    ada: Any,
    refused: Any,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
) -> None:
    limit(api, runtime, requests_per_minute=1)
    answer = await ada.http.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert limit_headers(answer) == ["1", "0", "20", "1;w=60"]
    for _ in range(2):
        answer = await ada.http.post(path, json=body, headers=headers)
        assert answer.status_code == 429
        assert limit_headers(answer) == ["1", "0", "20", "1;w=60"]
        assert answer.headers["retry-after"] == "20"
    assert 'rag_limited_requests_total{limit="requests_per_minute"} 2.0' in runtime.metrics.text().decode()


def limit_headers(answer: httpx.Response) -> list[str]:
    return [answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset", "policy")]


async def test_one_users_limit_is_not_anothers_but_an_address_is_shared(
    api: FastAPI, runtime: Runtime, library: None, ada: Any, bob: Any
) -> None:
    limit(api, runtime, requests_per_minute=3, requests_per_minute_address=4)
    status = [(await each.http.post("/api/search", json=ASKED)).status_code for each in [ada] * 3 + [bob] * 2]
    assert status == [200, 200, 200, 200, 429]
    limit(api, runtime, now=NOW + 20, requests_per_minute=3, requests_per_minute_address=4)
    answer = await bob.http.post("/api/search", json=ASKED)
    assert (answer.status_code, limit_headers(answer)) == (200, ["3", "2", "60", "3;w=60"])


async def test_what_fails_tells_the_limit_too(api: FastAPI, runtime: Runtime, ada: Any) -> None:
    limit(api, runtime, requests_per_minute=5)
    answer = await ada.http.post("/api/query", json={"question": ""})
    assert (answer.status_code, limit_headers(answer)) == (422, ["5", "4", "20", "5;w=60"])


async def test_who_is_not_signed_in_is_not_counted(api: FastAPI, runtime: Runtime, http: Any) -> None:
    limit(api, runtime, requests_per_minute_address=1)
    answers = [await http.post("/api/query", json=ASKED) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert "ratelimit-limit" not in answers[0].headers


@pytest.mark.parametrize(("setting", "others"), [("tokens_per_day_user", False), ("tokens_per_day", True)])
async def test_past_the_tokens_of_a_day_no_answer_is_begun(
    api: FastAPI,
    runtime: Runtime,
    services: Services,
    library: None,
    ada: Any,
    bob: Any,
    setting: str,
    others: bool,
) -> None:
    limit(api, runtime, **{setting: 100})
    await spend(services, ada.user_id, 99)
    assert (await ada.http.post("/api/query", json=ASKED)).status_code == 200
    await spend(services, ada.user_id, 1)
    answer = await ada.http.post("/api/query", json=ASKED)
    assert answer.status_code == 429
    assert setting in answer.json()["detail"]
    assert limit_headers(answer)[:2] == ["100", "0"]
    assert limit_headers(answer)[3] == "100;w=86400"
    assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400
    assert (await ada.http.post("/api/search", json=ASKED)).status_code == 200, "it costs no tokens"
    assert (await bob.http.post("/api/query", json=ASKED)).status_code == (429 if others else 200)


async def spend(services: Services, user_id: str, tokens: int) -> None:
    spent = Spent(questions=1, prompt_tokens=tokens)
    await services.metadata.add_usage([DailyUsage(user_id=user_id, day=day_of(0), model="gpt", spent=spent)])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/query", {"question": "x" * 4001}, 400),
        ("/api/query", {"question": "x" * 100_001}, 413),
        ("/api/query", {**ASKED, "top_k": 51}, 422),
        ("/api/query", {**ASKED, "top_k": 0}, 422),
        ("/api/search", {"question": "x" * 4001}, 400),
        ("/api/search", {**ASKED, "top_k": 51}, 422),
        ("/api/chat", {"messages": [{"role": "user", "content": "x" * 4001}]}, 400),
        ("/api/chat", {"messages": MESSAGES["messages"] * 201}, 422),
        ("/api/chat", {"messages": [{"role": "user", "content": "x" * 100_001}]}, 422),
        ("/api/chat/stream", {"messages": MESSAGES["messages"] * 201}, 422),
        ("/api/v1/chat/completions", {"messages": MESSAGES["messages"] * 201}, 422),
        ("/api/v1/chat/completions", {"messages": [{"role": "user", "content": "x" * 4001}]}, 400),
        ("/api/v1/chat/completions", {"messages": [{"role": "user", "content": "x" * 1_050_000}]}, 413),
    ],
)
async def test_what_is_too_much_is_refused(ada: Any, path: str, body: dict[str, Any], status: int) -> None:
    assert (await ada.http.post(path, json=body)).status_code == status


async def test_a_history_that_is_told_is_cut_to_its_budget(ada: Any, library: None, model: Any) -> None:
    turns = [{"role": role, "content": "long " * 500} for _ in range(20) for role in ("user", "assistant")]
    answer = await ada.http.post("/api/chat", json={"messages": turns + MESSAGES["messages"]})
    assert answer.status_code == 200, answer.text
    asked = model.prompts[-1].messages
    assert sum(len(message.content) for message in asked if "long long" in message.content) <= 400
