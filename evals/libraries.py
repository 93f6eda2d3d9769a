"""Documents with questions whose sources are known: our samples, and public sets where they lie beside the
project. Used by `evals.retrieval`."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits

ROOT = Path(__file__).parent.parent
PUBLIC = ROOT.parent / "shared" / "data"

COPY = "copy of "  # in front of a name: what stands there is as good as in the original

Source = tuple[str, int]  # a document's name and a page of it


@dataclass(frozen=True, kw_only=True)
class Asked:
    text: str
    sources: frozenset[Source]


@dataclass(frozen=True, kw_only=True)
class Library:
    name: str
    documents: dict[str, ParsedDocument]  # by name
    questions: tuple[Asked, ...]


def libraries() -> Iterator[Library]:
    """Those that are here, the quickest first."""
    yield _samples()
    if (PUBLIC / "northwind").exists():
        northwind = _northwind()
        yield northwind
        yield _twice(northwind)
    for name, most_questions, most_documents in (("hotpotqa_500", 200, 1_000), ("scifact", 300, 1_000)):
        if (PUBLIC / "retrieval" / name).exists():
            yield _judged_set(PUBLIC / "retrieval" / name, most_questions, most_documents)


def _samples() -> Library:
    rows = _rows(ROOT / "evals" / "questions.jsonl")
    return Library(
        name="samples",
        documents=_parsed(sorted((ROOT / "samples").iterdir())),
        questions=tuple(
            Asked(
                text=row["question"],
                sources=frozenset((answer["document"], answer["page"]) for answer in row["answers"]),
            )
            for row in rows
            if row["answers"]
        ),
    )


def _northwind() -> Library:
    folder = PUBLIC / "northwind"
    asked = []
    for row in _rows(folder / "ground_truth.jsonl"):
        cited = re.findall(r"\[([^\[\]#]+)(?:#page=(\d+))?\]", row["truth"])
        sources = frozenset((name, int(page or 1)) for name, page in cited)
        asked.append(Asked(text=row["question"], sources=sources))
    files = [*sorted(folder.glob("*.pdf")), *sorted(folder.glob("*.md"))]
    questions = tuple(each for each in asked if each.sources)
    return Library(name="northwind", documents=_parsed(files), questions=questions)


def _twice(library: Library) -> Library:
    """Every document under a second name too, as libraries of people grow."""
    copies = {f"{COPY}{name}": document for name, document in library.documents.items()}
    return replace(library, name=f"{library.name}, twice", documents=library.documents | copies)


def _judged_set(folder: Path, most_questions: int, most_documents: int) -> Library:
    """The first questions, all that answers them, and other documents up to the number."""
    judged: dict[str, set[Source]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        if int(grade) > 0:
            judged.setdefault(question, set()).add((document, 1))
    questions = [row for row in _rows(folder / "queries.jsonl") if row["_id"] in judged][:most_questions]
    needed = {name for row in questions for name, _ in judged[row["_id"]]}
    rows = _rows(folder / "corpus.jsonl")
    others = [row for row in rows if row["_id"] not in needed][: max(0, most_documents - len(needed))]
    return Library(
        name=f"{folder.name}, {len(needed) + len(others):,} of {len(rows):,} documents",
        documents={
            row["_id"]: ParsedDocument(title=row["title"], pages=(ParsedPage(number=1, text=row["text"]),))
            for row in [row for row in rows if row["_id"] in needed] + others
        },
        questions=tuple(Asked(text=row["text"], sources=frozenset(judged[row["_id"]])) for row in questions),
    )


def _parsed(files: Iterable[Path]) -> dict[str, ParsedDocument]:
    return {path.name: parse_file(path, path.name, ParseLimits()) for path in files}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
