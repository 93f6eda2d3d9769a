"""The rows of `questions.jsonl` and `ground_truth.jsonl`, checked. Used by `evals.datasets`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Source: TypeAlias = tuple[str, int | None]  # a document's name and a page of it; None: whichever page

TYPES = ("fact", "table", "multi_document", "follow_up", "other_language", "unanswerable", "adversarial")
_KNOWN = {
    "id",
    "type",
    "question",
    "history",
    "answers",
    "must_contain",
    "must_not_contain",
    "truth",
    "language",
}
_CITED = re.compile(r"\s*\[([^\[\]#]+\.\w{1,5})(?:#page=(\d+))?\]")


class DatasetError(Exception):
    """A dataset cannot be read; the message names the file, the line and what is wrong there."""


@dataclass(frozen=True, kw_only=True)
class LabelledQuestion:
    id: str
    text: str
    type: str
    history: tuple[str, ...] = ()  # what was asked before in the same conversation
    truths: Mapping[Source, float] = field(default_factory=dict)  # where the answer stands, and the grade
    is_answerable: bool = True
    must_contain: tuple[tuple[str, ...], ...] = ()  # facts, each in one of its spellings
    must_not_contain: tuple[str, ...] = ()
    truth: str = ""  # an answer to compare with
    language: str = "en"


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, row). Errors: `DatasetError`."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{path}:{number}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}:{number}: expected an object")
        yield number, row


def read_questions(path: Path, documents: frozenset[str]) -> list[LabelledQuestion]:
    """Errors: `DatasetError`."""
    found: dict[str, LabelledQuestion] = {}
    for line, row in json_rows(path):
        faults = list(_faults(row, documents))
        if row.get("id", "") in found:
            faults.append(f"the id {row['id']} is taken")
        if faults:
            raise DatasetError(f"{path}:{line}: {'; '.join(faults)}")
        question = _question(row, line)
        found[question.id] = question
    return list(found.values())


def _question(row: Mapping[str, Any], line: int) -> LabelledQuestion:
    return LabelledQuestion(
        id=row.get("id", f"q{line:03}"),
        text=row["question"],
        type=row.get("type", "fact" if row["answers"] else "unanswerable"),
        history=tuple(row.get("history", ())),
        truths={(answer["document"], answer["page"]): 1.0 for answer in row["answers"]},
        is_answerable=bool(row["answers"]),
        must_contain=tuple(
            (fact,) if isinstance(fact, str) else tuple(fact) for fact in row.get("must_contain", ())
        ),
        must_not_contain=tuple(row.get("must_not_contain", ())),
        truth=row.get("truth", ""),
        language=row.get("language", "en"),
    )


def _faults(row: Mapping[str, Any], documents: frozenset[str]) -> Iterator[str]:
    if unknown := sorted(row.keys() - _KNOWN):
        yield f"unknown: {', '.join(unknown)}"
    for name in ("id", "question", "truth", "language"):
        if name in row and not _is_text(row[name]):
            yield f"{name} must be text"
    if "question" not in row:
        yield "question is missing"
    if "type" in row and row["type"] not in TYPES:
        yield f"type must be one of {', '.join(TYPES)}"
    for name in ("history", "must_not_contain"):
        if name in row and not _are_texts(row[name]):
            yield f"{name} must be a list of texts"
    facts = row.get("must_contain", [])
    if not isinstance(facts, list) or not all(_is_text(fact) or _are_texts(fact) for fact in facts):
        yield "must_contain must be a list of texts, or of lists of their alternatives"
    yield from _faults_of_answers(row.get("answers"), documents)


def _faults_of_answers(answers: object, documents: frozenset[str]) -> Iterator[str]:
    if not isinstance(answers, list):
        yield "answers must be a list of {document, page}, empty if the documents do not say"
        return
    for answer in answers:
        if not isinstance(answer, dict) or answer.keys() != {"document", "page"}:
            yield "an answer is {document, page}"
        elif answer["document"] not in documents:
            yield f"there is no document {answer['document']}"
        elif not _is_page(answer["page"]):
            yield "a page is a number from 1, or null for the whole document"


def read_ground_truth(path: Path, documents: frozenset[str]) -> list[LabelledQuestion]:
    """Rows of {question, truth}; the truth cites `[file.pdf#page=3]`, or `[file.md]` for the whole file."""
    questions = []
    for line, row in json_rows(path):
        asked, truth = row.get("question"), row.get("truth")
        if not _is_text(asked) or not _is_text(truth):
            raise DatasetError(f"{path}:{line}: question and truth must be texts")
        cited = _CITED.findall(str(truth))
        if missing := sorted({name for name, _ in cited} - documents):
            raise DatasetError(f"{path}:{line}: there is no document {missing[0]}")
        questions.append(
            LabelledQuestion(
                id=f"q{line:03}",
                text=str(asked),
                type="question",
                truths={(name, int(page) if page else None): 1.0 for name, page in cited},
                truth=_CITED.sub("", str(truth)).strip(),
            )
        )
    return questions


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(map(_is_text, value))


def _is_page(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)
