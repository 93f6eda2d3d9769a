"""What is measured: documents, and questions whose sources or answers are known. Used by `rag eval`.

A dataset is a folder in the layout of BEIR (`corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`); a folder of
documents beside a `ground_truth.jsonl` or a `questions.jsonl`; or such a file by itself.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from evals.question_rows import (
    DatasetError,
    LabelledQuestion,
    Source,
    json_rows,
    read_ground_truth,
    read_questions,
)

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "evals" / "questions.jsonl"
SAMPLES = ROOT / "samples"

Content: TypeAlias = Path | bytes
_ROWS: dict[str, Callable[[Path, frozenset[str]], list[LabelledQuestion]]] = {
    "questions.jsonl": read_questions,
    "ground_truth.jsonl": read_ground_truth,
}
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 80  # characters; far below what any file system or store takes


@dataclass(frozen=True, kw_only=True)
class Dataset:
    name: str
    documents: Mapping[str, Content] = field(repr=False)  # by name
    questions: tuple[LabelledQuestion, ...] = field(repr=False)

    def limited(self, count: int | None) -> "Dataset":
        """So many questions, from everywhere in the file alike; the documents stay."""
        if count is None or count >= len(self.questions):
            return self
        step = len(self.questions) / count
        kept = tuple(self.questions[int(number * step)] for number in range(count))
        return replace(self, questions=kept)

    def digest(self) -> str:
        """The same for the same questions about the same bytes."""
        total = hashlib.sha256()
        for name in sorted(self.documents):
            total.update(f"{name}:{hashlib.sha256(read(self.documents[name])).hexdigest()}\n".encode())
        for question in self.questions:
            told = asdict(question) | {"truths": sorted(question.truths.items(), key=repr)}
            total.update(json.dumps(told, sort_keys=True).encode())
        return total.hexdigest()[:16]


def read(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def read_dataset(path: Path, *, documents: Path | None = None) -> Dataset:
    """`documents`: the folder of a file's documents, where it is not the file's own.

    Errors: `DatasetError` that names file and line.
    """
    if (path / "corpus.jsonl").is_file():
        return _read_beir(path)
    for name, read_rows in _ROWS.items():
        if path.name == name and path.is_file():
            default = SAMPLES if path.resolve() == QUESTIONS else path.parent
            return _read_folder(path, documents or default, read_rows)
        if (path / name).is_file():
            return _read_folder(path / name, documents or path, read_rows)
    if path.is_file():
        return _read_folder(path, documents or path.parent, read_questions)
    raise DatasetError(
        f"{path} has no corpus.jsonl, questions.jsonl or ground_truth.jsonl; see docs/evaluation.md"
    )


def _read_folder(
    rows: Path, folder: Path, read_rows: Callable[[Path, frozenset[str]], list[LabelledQuestion]]
) -> Dataset:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder of documents; name it by --documents")
    files = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".jsonl" and not _is_hidden(path.relative_to(folder))
    }
    return Dataset(
        name=folder.resolve().name, documents=files, questions=tuple(read_rows(rows, frozenset(files)))
    )


def _is_hidden(inside: Path) -> bool:
    return any(part.startswith(".") for part in inside.parts)


def _read_beir(folder: Path) -> Dataset:
    judged = _judgements(folder / "qrels")
    documents: dict[str, Content] = {}
    for line, row in json_rows(folder / "corpus.jsonl"):
        document = _text(row, "_id", folder / "corpus.jsonl", line)
        documents[document_name(document)] = as_markdown(
            str(row.get("title") or ""), str(row.get("text") or "")
        )
    questions = [
        LabelledQuestion(
            id=_text(row, "_id", folder / "queries.jsonl", line),
            text=_text(row, "text", folder / "queries.jsonl", line),
            type="query",
            truths=judged[str(row["_id"])],
        )
        for line, row in json_rows(folder / "queries.jsonl")
        if str(row.get("_id")) in judged
    ]
    return Dataset(name=folder.resolve().name, documents=documents, questions=tuple(questions))


def _judgements(folder: Path) -> dict[str, dict[Source, float]]:
    """Of `test.tsv` where there is one, else of all: the grades above zero, by question."""
    files = [folder / "test.tsv"] if (folder / "test.tsv").exists() else sorted(folder.glob("*.tsv"))
    if not files:
        raise DatasetError(f"{folder} has no *.tsv with judgements")
    judged: dict[str, dict[Source, float]] = {}
    for file in files:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = csv.reader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)
            for line, row in enumerate(rows, start=1):
                if line == 1 and not _is_grade(row[-1]):
                    continue  # the header
                if len(row) != 3 or not _is_grade(row[2]):
                    raise DatasetError(
                        f"{file}:{line}: expected query-id, corpus-id and score, parted by tabs"
                    )
                if float(row[2]) > 0:
                    judged.setdefault(row[0], {})[(document_name(row[1]), None)] = float(row[2])
    return judged


def _is_grade(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _text(row: Mapping[str, Any], key: str, file: Path, line: int) -> str:
    value = row.get(key)
    if not isinstance(value, str | int) or not str(value).strip():
        raise DatasetError(f"{file}:{line}: {key} is missing")
    return str(value)


def document_name(corpus_id: str) -> str:
    """A file's name of a corpus id; two ids never get the same one."""
    safe = _UNSAFE.sub("_", corpus_id)[:_LONGEST_NAME].strip(".")
    if safe != corpus_id:
        safe += "-" + hashlib.sha256(corpus_id.encode()).hexdigest()[:8]
    return f"{safe}.md"


def as_markdown(title: str, text: str) -> bytes:
    """The text as it is, and its title in front of it as Markdown's readers find it."""
    line = " ".join(title.split())
    return (f"---\ntitle: {line}\n---\n{text}" if line else text).encode()
