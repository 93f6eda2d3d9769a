"""Every question of evals/questions.jsonl is about samples/, and its answer stands on its pages."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.domain import ParsedDocument
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.scanned import ScannedDocument

ROOT = Path(__file__).parents[3]
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (ROOT / "evals" / "questions.jsonl").read_text("utf-8").splitlines()
]
ANSWERABLE = [question for question in QUESTIONS if question["answers"]]
UNANSWERABLE = [question for question in QUESTIONS if not question["answers"]]
LEAST = {
    "fact": 30,
    "table": 20,
    "multi_document": 15,
    "follow_up": 15,
    "other_language": 20,
    "unanswerable": 20,
    "adversarial": 15,
}


@cache
def parsed(name: str) -> ParsedDocument:
    return parse_file(ROOT / "samples" / name, name, ParseLimits())


def pages(question: dict[str, Any]) -> list[str]:
    """What the question's pages say, with single spaces."""
    return [
        " ".join(parsed(answer["document"]).pages[answer["page"] - 1].text.split())
        for answer in question["answers"]
    ]


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_every_fact_of_an_answer_stands_on_one_of_its_pages(question: dict[str, Any]) -> None:
    facts = [fact if isinstance(fact, list) else [fact] for fact in question["must_contain"]]
    assert facts
    told = pages(question)
    # The first of several ways to write a fact is the document's own.
    assert [first for first, *_ in facts if not any(first in page for page in told)] == []


@pytest.mark.parametrize(
    "question",
    [question for question in QUESTIONS if question["type"] == "multi_document"],
    ids=lambda question: question["id"],
)
def test_no_document_alone_answers_a_question_about_several(question: dict[str, Any]) -> None:
    names = {answer["document"] for answer in question["answers"]}
    assert len(names) > 1
    for name in names:
        whole = " ".join(" ".join(page.text for page in parsed(name).pages).split())
        told = [fact if isinstance(fact, list) else [fact] for fact in question["must_contain"]]
        assert not all(any(way in whole for way in ways) for ways in told), name


def test_there_are_enough_questions_of_each_type() -> None:
    found = Counter(question["type"] for question in QUESTIONS)
    assert found.keys() == LEAST.keys()
    assert {kind: count for kind, count in found.items() if count < LEAST[kind]} == {}


def test_some_questions_are_near_misses_and_some_are_about_something_else() -> None:
    """Ids of the latter begin with `far`."""
    far = [question for question in UNANSWERABLE if question["id"].startswith("far")]
    assert len(far) >= 10
    assert len(UNANSWERABLE) - len(far) >= 10


def test_no_question_stands_twice() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)
    asked = [(question["question"], *question.get("history", ())) for question in QUESTIONS]
    assert len(set(asked)) == len(asked)


def test_only_what_the_documents_answer_has_an_answer() -> None:
    for question in UNANSWERABLE:
        assert question["type"] in {"unanswerable", "adversarial"}, question["id"]
        assert question["must_contain"] == [], question["id"]
        assert "truth" not in question, question["id"]
    for question in ANSWERABLE:
        assert question["type"] != "unanswerable", question["id"]
        assert question["truth"], question["id"]


def test_only_follow_ups_have_a_history() -> None:
    for question in QUESTIONS:
        assert bool(question.get("history")) == (question["type"] == "follow_up"), question["id"]


def test_every_sample_is_asked_about() -> None:
    """But for scans: what is measured must not depend on whether this machine can read them."""
    asked = {answer["document"] for question in ANSWERABLE for answer in question["answers"]}
    names = {path.name for path in (ROOT / "samples").iterdir()}
    assert asked == {name for name in names if not isinstance(parsed(name), ScannedDocument)}
