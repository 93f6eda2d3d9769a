"""What is said about each task: tables, who is ahead, and where ours is not first. Used by
`python -m bench.peers`."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.peers.child import OURS
from bench.peers.jobs import Task
from bench.peers.table import FILES, TEXTS, Figures, behind, figures, page_quality, quality, table
from evals.measures import bootstrap

NAMES = {
    OURS: "RAG Functions",
    "langchain_chroma": "LangChain, Chroma",
    "lancedb": "LanceDB",
    "llama_index": "LlamaIndex",
    "haystack": "Haystack",
    "txtai": "txtai",
}


def by_peer(task: Task, measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Figures]:
    """`ahead`: the interval of how much better ours is, by the first measure."""
    judge = quality if task.rows else page_quality
    found: dict[str, Figures] = {}
    ours: list[float] = []
    for peer, rounds in measured.items():
        rankings = rounds[0].get("search", {}).get("rankings")
        values = judge(rankings, task.wanted) if rankings else {}
        found[peer] = figures(rounds, values)
        first = next(iter(values.values()), [])
        if peer == OURS:
            ours = first
        elif ours and first:
            interval = bootstrap([one - other for one, other in zip(ours, first, strict=True)])
            found[peer]["ahead"] = (interval.low, interval.high)
    return found


def report(
    tasks: Sequence[Task], found: Mapping[str, Mapping[str, Figures]], missing: Sequence[str], *, rounds: int
) -> str:
    parts = [
        f"""## Beside what people would pick instead (`python -m bench.peers`)

Medians of {rounds} rounds in one run, of files one round; `bench/peers/` has how each is set up. Memory is
that of a process that has opened the index and searched, its peak that of filling it. The best of a column
is bold."""
    ]
    if missing:
        parts.append(f"Not installed: {', '.join(missing)}.")
    for task in tasks:
        parts += _about(task, found[task.name])
    return "\n\n".join(parts)


def _about(task: Task, peers: Mapping[str, Figures]) -> Iterator[str]:
    yield _heading(task)
    tables = TEXTS if task.rows else FILES
    for columns in tables:
        yield table(columns, peers, NAMES)
    if ahead := "; ".join(_ahead(peers)):
        yield f"Ours ahead in {tables[0][0].title}, 95 % interval of a paired bootstrap: {ahead}."
    if better := behind([*itertools.chain(*tables)], peers, NAMES):
        yield f"Where ours is not first: {'; '.join(better)}."
    for peer, each in peers.items():
        if each.get("unread"):
            yield f"{NAMES[peer]} does not read {', '.join(each['unread'])}."


def _heading(task: Task) -> str:
    asked = f"{len(task.questions)} questions"
    if task.rows:
        return f"**{task.name}**: {len(task.rows):,} texts with vectors given, {asked}, top 10"
    return f"**{task.name}**: {len(task.files)} files with the embedder in the process, {asked}, top 5"


def _ahead(peers: Mapping[str, Figures]) -> Iterator[str]:
    for peer, each in peers.items():
        if "ahead" in each:
            low, high = each["ahead"]
            yield f"{NAMES[peer]} {low:+.3f} … {high:+.3f}"
