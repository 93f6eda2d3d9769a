"""`python -m bench.peers`: what is asked, how a step is run and ended, and what its figures become."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.peers import child
from bench.peers.embedders import Given, write_given
from bench.peers.jobs import Task, judged_set
from bench.peers.rag_functions.adapter import chunks_of
from bench.peers.report import by_peer, report
from bench.peers.table import Column, behind, figures, page_quality, quality, table

ROWS = [
    (f"d{number}", f"Title {number}\nIt is about {word}.") for number, word in enumerate(("rain", "salt"))
]
QUESTION = "What is about salt?"


def job(folder: Path, step: Any = "fill", **fields: Any) -> child.Job:
    return child.Job(peer=child.OURS, step=step, folder=str(folder), questions=[QUESTION], **fields)


def a_round(seconds: float, *taken: float) -> dict[str, dict[str, Any]]:
    fill = {
        "added": 10,
        "seconds": seconds,
        "cpu_seconds": 1.0,
        "peak_bytes": 2**20,
        "disk_bytes": 0,
        "unread": [],
    }
    search = {
        "alone_ms": list(taken),
        "cold_seconds": 1.0,
        "import_seconds": 0.5,
        "cpu_ms": 2.0,
        "resting_bytes": 2**21,
        "features": "hybrid",
    }
    return {"fill": fill, "search": search}


def test_figures_are_medians_over_the_rounds_and_means_over_the_questions() -> None:
    rounds = [a_round(1.0, 5.0), a_round(2.0, 9.0), a_round(10.0, 6.0)]
    found = figures(rounds, {"ndcg@10": [1.0, 0.5]})
    assert (found["added_per_second"], found["alone_p50"], found["ndcg@10"]) == (5.0, 6.0, 0.75)
    assert "together_p50" not in found


def test_one_round_that_failed_is_what_a_peer_is_told_by() -> None:
    found = figures([a_round(1.0, 5.0), {"fill": {"error": "ended with 1: no"}}], {})
    assert found == {"error": "ended with 1: no"}
    text = table([Column(title="p50 ms", name="alone_p50")], {"a": found}, {"a": "A"})
    assert text.endswith("| A | ended with 1: no | |")


def test_the_best_of_a_column_is_bold_and_what_was_not_measured_is_a_dash() -> None:
    columns = [Column(title="p50 ms", name="p50"), Column(title="rate", name="rate", is_more_better=True)]
    found = {
        name: {"features": "hybrid", **each}
        for name, each in {"a": {"p50": 2.0}, "b": {"p50": 3.0, "rate": 1.0}}.items()
    }
    assert table(columns, found, {"a": "A", "b": "B"}).splitlines()[2:] == [
        "| A | hybrid | **2.0** | – |",
        "| B | hybrid | 3.0 | **1.0** |",
    ]


def test_where_another_is_better_it_is_said_by_how_much() -> None:
    columns = [Column(title="p50 ms", name="p50"), Column(title="rate", name="rate", is_more_better=True)]
    found = {"a": {"p50": 3.0, "rate": 9.0}, "b": {"p50": 2.0, "rate": 9.0}, "c": {"error": "no"}}
    assert behind(columns, found, {"a": "A", "b": "B"}) == ["p50 ms: 3.0, B 1.50 times better"]


def test_a_lead_in_quality_has_its_interval() -> None:
    task = Task(name="t", rows=(("d1", "…"),), questions=("?",) * 3, wanted=(frozenset({"d1"}),) * 3)
    right, wrong = (a_round(1.0, 5.0) for _ in range(2))
    right["search"]["rankings"], wrong["search"]["rankings"] = [["d1"]] * 3, [["d2"]] * 3
    found = by_peer(task, {child.OURS: [right], "lancedb": [wrong]})
    assert found["lancedb"]["ahead"] == (1.0, 1.0)
    text = report([task], {"t": found}, ["txtai"], rounds=1)
    assert "LanceDB +1.000 … +1.000" in text
    assert "Not installed: txtai." in text


def test_rankings_are_judged_by_text_and_by_page() -> None:
    assert quality([["x", "d1"]], [frozenset({"d1"})])["recall@10"] == [1.0]
    wanted = [frozenset({"a.pdf#2"}), frozenset({"b.md#"}), frozenset({"a.pdf#2"})]
    ranked = [["a.pdf#1", "a.pdf#2"], ["b.md#1"], ["a.pdf#1", *["c.pdf#1"] * 4, "a.pdf#2"]]
    assert page_quality(ranked, wanted) == {"page hit@5": [1.0, 1.0, 0.0], "file hit@5": [1.0, 1.0, 1.0]}


def test_a_limited_set_asks_what_its_texts_answer(tmp_path: Path) -> None:
    corpus = [{"_id": name, "title": name.upper(), "text": "…"} for name in ("d1", "d2")]
    queries = [{"_id": name, "text": f"about {name}?"} for name in ("q1", "q2", "q3")]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (tmp_path / "qrels").mkdir()
    judged = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t1\nq2\td2\t1\nq3\td1\t0\n"
    (tmp_path / "qrels" / "test.tsv").write_text(judged, "utf-8")
    assert len(judged_set(tmp_path, None).questions) == 2
    task = judged_set(tmp_path, 1)
    assert task.rows == (("d1", "D1\n…"),)
    assert (task.questions, task.wanted) == (("about q1?",), (frozenset({"d1"}),))


def test_vectors_are_given_by_text(tmp_path: Path) -> None:
    write_given(tmp_path, "passages", {"a": [1.0, 0.0], "b": [0.0, 1.0]})
    write_given(tmp_path, "questions", {"a": [0.5, 0.5]})
    given = Given(tmp_path)
    assert given.embed_passages(["b", "a"]) == [[0.0, 1.0], [1.0, 0.0]]
    assert given.embed_query("a") == [0.5, 0.5]
    with pytest.raises(KeyError):
        given.embed_query("b")


def test_a_step_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    assert child.run(job(tmp_path), seconds=0) == {"error": "took longer than 0 s"}


@pytest.mark.slow
def test_a_step_that_fails_says_how(tmp_path: Path) -> None:
    found = child.run(job(tmp_path, model=str(tmp_path)), seconds=60)
    assert found["error"].startswith("ended with 1: ")
    assert "no embedding model" in found["error"]


@pytest.mark.slow
def test_what_one_process_filled_another_searches(tmp_path: Path) -> None:
    given, folder = tmp_path / "given", tmp_path / "index"
    given.mkdir()
    folder.mkdir()
    rain, salt = ([float(place == number) for place in range(384)] for number in range(2))
    (d0,), (d1,) = (chunks_of(*row) for row in ROWS)
    write_given(given, "passages", {d0.embedding_text: rain, d1.embedding_text: salt})
    write_given(given, "questions", {QUESTION: salt})
    rows_file = tmp_path / "rows.jsonl"
    rows_file.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    filled = child.run(job(folder, rows_file=str(rows_file), vectors=str(given)), seconds=60)
    assert (filled["added"], filled["unread"]) == (2, [])
    assert filled["peak_bytes"] > 0
    assert filled["disk_bytes"] > 0
    found = child.run(job(folder, "search", vectors=str(given), clients=2), seconds=60)
    assert found["rankings"] == [["d1", "d0"]]
    assert 0 < found["import_seconds"] < found["cold_seconds"]
    assert len(found["together_ms"]) >= 1
