"""What the peers are given: judged sets of texts with their vectors, and folders of files. Used by
`python -m bench.peers`."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.child import ROOT
from bench.peers.embedders import write_given
from bench.peers.rag_functions.adapter import chunks_of
from evals.datasets import QUESTIONS, read_dataset
from evals.filled_index import cached_embedder

PUBLIC = ROOT.parent / "shared" / "data"
MODELS = ROOT / ".cache" / "models"
EMBEDDER = "minilm"
SETS = {name: PUBLIC / "retrieval" / name for name in ("cranfield", "hotpotqa_500", "scifact")}
FOLDERS = {"samples": QUESTIONS, "northwind": PUBLIC / "northwind"}


@dataclass(frozen=True, kw_only=True)
class Task:
    """`wanted`: what answers each question: ids of texts, or `name#page`; `name#` stands for any page."""

    name: str
    rows: tuple[tuple[str, str], ...] = ()
    files: tuple[Path, ...] = ()
    questions: tuple[str, ...]
    wanted: tuple[frozenset[str], ...]


def chosen(names: Sequence[str], limit: int | None) -> Iterator[Task]:
    """Those of them that are on this machine."""
    for name in names:
        if name in SETS and SETS[name].exists():
            yield judged_set(SETS[name], limit)
        elif name in FOLDERS and FOLDERS[name].exists():
            yield folder_of_files(FOLDERS[name])


def judged_set(folder: Path, limit: int | None) -> Task:
    """The first texts up to the limit, and the questions that one of them answers."""
    rows = [(row["_id"], f"{row['title']}\n{row['text']}") for row in _lines(folder / "corpus.jsonl")][:limit]
    known = {name for name, _ in rows}
    judged: dict[str, set[str]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, delimiter="\t"):
            if int(row["score"]) > 0 and row["corpus-id"] in known:
                judged.setdefault(row["query-id"], set()).add(row["corpus-id"])
    asked = {row["_id"]: row["text"] for row in _lines(folder / "queries.jsonl") if row["_id"] in judged}
    return Task(
        name=folder.name,
        rows=tuple(rows),
        questions=tuple(asked.values()),
        wanted=tuple(frozenset(judged[each]) for each in asked),
    )


def folder_of_files(labelled: Path) -> Task:
    """Without follow-ups and what cannot be answered."""
    dataset = read_dataset(labelled)
    asked = [each for each in dataset.questions if each.truths and not each.history]
    paths = [each for each in dataset.documents.values() if isinstance(each, Path)]
    return Task(
        name=dataset.name,
        files=tuple(path for path in paths if path.name != "SOURCE.txt"),
        questions=tuple(each.text for each in asked),
        wanted=tuple(frozenset(f"{name}#{page or ''}" for name, page in each.truths) for each in asked),
    )


async def write_texts(task: Task, folder: Path) -> None:
    """With the vectors of the whole texts, of the chunks that ours are cut into, and of the questions."""
    rows = (json.dumps(row, ensure_ascii=True) for row in task.rows)
    (folder / "rows.jsonl").write_text("\n".join(rows), "utf-8")
    texts = [text for _, text in task.rows]
    texts += [each.embedding_text for row in task.rows for each in chunks_of(*row)]
    cache = ROOT / ".cache" / "evals" / "embeddings.db"
    cache.parent.mkdir(parents=True, exist_ok=True)
    async with cached_embedder(MODELS, EMBEDDER, cache) as embedder:
        passages = await embedder.embed_passages(texts)
        questions = [await embedder.embed_query(question) for question in task.questions]
    write_given(folder, "passages", dict(zip(texts, passages, strict=True)))
    write_given(folder, "questions", dict(zip(task.questions, questions, strict=True)))


def _lines(path: Path) -> Iterator[Mapping[str, str]]:
    return map(json.loads, path.read_text("utf-8").splitlines())
