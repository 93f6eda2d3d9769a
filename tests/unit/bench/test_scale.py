"""Users and workers: which loads are measured, what is made for them, and what their tables say."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench import users, workers

HOST: Any = SimpleNamespace(port=7071, client=SimpleNamespace(headers={"Authorization": "Bearer abc"}))


def test_searches_and_questions_are_sent_by_ever_more_users() -> None:
    loads = list(users.loads(HOST, 2.0, 8))
    assert [(load.path, load.at_once) for load in loads] == [
        (path, count) for path in ("/api/search", "/api/query") for count in (1, 2, 4, 8)
    ]
    assert {load.is_streamed for load in loads if load.path == "/api/query"} == {True}
    assert {load.kind for load in loads} == {"new"}  # none is answered from a cache


def test_each_route_and_number_of_users_has_a_line() -> None:
    row = users.Row(
        route="/api/search", users=16, per_second=61.04, p50=12.2, p99=40.6, cpu=15.04, failures={}
    )
    table = users.report([row, replace(row, failures={"503": 2})]).split("\n\n")[-2].splitlines()
    assert table[2:] == [
        "| `/api/search` | 16 | 61.0 | 12 | 41 | 15.0 | – |",
        "| `/api/search` | 16 | 61.0 | 12 | 41 | 15.0 | 2 503 |",
    ]


def test_the_same_documents_are_written_for_every_number_of_workers(tmp_path: Path) -> None:
    workers.write(3, tmp_path / "one")
    workers.write(3, tmp_path / "two")
    one, two = ([path.read_text() for path in sorted((tmp_path / each).iterdir())] for each in ("one", "two"))
    assert one == two
    assert len(set(one)) == 3


def test_workers_are_compared_with_one() -> None:
    one, two = (
        workers.Row(
            workers=count,
            documents=200,
            seconds=100 / count,
            per_second=2.0 * count,
            cpu=250.0,
            passed=[0.0],
            indexed=[0],
        )
        for count in (1, 2)
    )
    table = workers.report([one, two]).split("\n\n")[-2].splitlines()
    assert table[2:] == [
        "| 1 | 200 | 100.0 | 2.00 | 1.00 | 250 |",
        "| 2 | 200 | 50.0 | 4.00 | 2.00 | 250 |",
    ]
