"""Datasets as what parsing made of them: our samples, and public sets where they lie beside the project.

Used by `evals.retrieval`, which measures what comes after parsing and before answers.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from evals.datasets import QUESTIONS, ROOT, Content, Dataset, read_dataset
from evals.question_rows import LabelledQuestion
from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits

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
    yield _library(read_dataset(QUESTIONS))
    if (PUBLIC / "northwind").exists():
        northwind = _library(read_dataset(PUBLIC / "northwind"))
        yield northwind
        yield _twice(northwind)
    for name in ("cranfield", "hotpotqa_500", "scifact"):
        if (PUBLIC / "retrieval" / name).exists():
            yield _library(read_dataset(PUBLIC / "retrieval" / name))


def _library(dataset: Dataset) -> Library:
    """With the questions that can be searched for as they stand, and whose sources are known."""
    asked = [each for each in dataset.questions if each.truths and not each.history]
    documents = {}
    for name, content in dataset.documents.items():
        with suppress(DocumentRejected):  # public sets have empty ones
            documents[name] = _parsed(name, content)
    return Library(
        name=dataset.name,
        documents=documents,
        questions=tuple(Asked(text=each.text, sources=_sources(each)) for each in asked),
    )


def _sources(question: LabelledQuestion) -> frozenset[Source]:
    """A document that is labelled whole has one page here."""
    return frozenset((document, page or 1) for document, page in question.truths)


def _parsed(name: str, content: Content) -> ParsedDocument:
    if isinstance(content, Path):
        return parse_file(content, name, ParseLimits())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return parse_file(path, name, ParseLimits())


def _twice(library: Library) -> Library:
    """Every document under a second name too, as libraries of people grow."""
    copies = {f"{COPY}{name}": document for name, document in library.documents.items()}
    return replace(library, name=f"{library.name}, twice", documents=library.documents | copies)
