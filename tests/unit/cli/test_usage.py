"""`rag usage`: what it asks of the API, and what it says."""

from typing import Any

import httpx
import pytest

from cli import usage

SPENT: dict[str, Any] = {
    "questions": 1200,
    "prompt_tokens": 38120,
    "completion_tokens": 3205,
    "saved_tokens": 0,
    "cost_usd": 0.12735,
}
LINE = "1200\t38120\t3205\t0\t0.1273"
PERIOD = {"first_day": "2026-11-22", "last_day": "2026-11-23", "total": SPENT}


def api(answer: dict[str, Any], asked: list[str]) -> httpx.Client:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=answer)

    return httpx.Client(base_url="http://host", transport=httpx.MockTransport(respond))


def test_ones_own_is_a_line_per_day_and_model_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    limits = [{"name": "tokens_per_day", "limit": 50000, "left": 1000}]
    rows = [{"day": "2026-11-23", "model": "gpt-4o", **SPENT}]
    told = {**PERIOD, "usage": rows, "limits": limits}
    usage.show_usage(api(told, asked), days=2, user="5e1f", everybody=False)
    assert asked == ["http://host/api/usage?days=2&all=false&user=5e1f"]
    assert capsys.readouterr().out.splitlines() == [
        f"2026-11-23\tgpt-4o\t{LINE}",
        f"2026-11-22 to 2026-11-23\t\t{LINE}",
        "tokens_per_day: 1,000 of 50,000 left",
    ]


def test_everybodys_is_a_line_per_user(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    users = [{"user_id": "1", "email": "ada@example.org", **SPENT}, {"user_id": "2", "email": None, **SPENT}]
    usage.show_usage(api({**PERIOD, "users": users}, asked), days=30, user=None, everybody=True)
    assert asked == ["http://host/api/usage?days=30&all=true"]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "ada@example.org",
        "2",
        "2026-11-22",
    ]
