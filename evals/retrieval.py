"""Which way of retrieving is best: `python -m evals.retrieval` writes its section of evals/RESULTS.md.

Every variant differs from the defaults in one thing. What runs is `query.retrieve.search` itself, over the
real index and embedder. Embeddings are kept in .cache/evals: the first run takes as long as embedding does.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bench.results import replace_section
from evals.filled_index import Filled, Patient, cached_embedder, filled
from evals.libraries import ROOT, Asked, Library, Source, libraries
from evals.measures import MEASURES, bootstrap, mean, measured
from shared.compose.models import count_tokens
from shared.domain import Passage, Principal, Question, SearchMode
from shared.query import duplicates, prompt, retrieve
from shared.rerankers.base import Reranker
from shared.rerankers.sentences import SentenceReranker
from shared.search_indexes import embedded, embedded_fusion, embedded_text
from shared.search_indexes.embedded_fusion import Ranking
from shared.services import Limits

RESULTS = ROOT / "evals" / "RESULTS.md"
_RANKED = 30  # passages, for the measures of rankings
_RERANKED = 60  # questions at the most: each has a hundred sentences embedded
_TOP_K = Question(text="").top_k
_READER = Principal(user_id="eval", email="eval@example.org")


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    mode: SearchMode = "hybrid"
    neighbours: int = 0
    is_by_rank: bool = False  # fused by reciprocal ranks
    vectors: float = 0.5  # their share of a score
    fully_covered: float = 0.25  # from which coverage of the question words count fully
    feedback: float = 0.2  # of the first three passages
    keeps_function_words: bool = False
    same: float = 0.85  # 2: nothing is a repetition
    minds_numbers: bool = True  # whether a number or a negation makes a difference
    is_reranked: bool = False


DEFAULT = Variant(name="default")
FUSIONS = (
    Variant(name="reciprocal ranks, k = 60", is_by_rank=True, feedback=0.0),
    Variant(name="vectors .3", vectors=0.3),
    Variant(name="vectors .4", vectors=0.4),
    Variant(name="vectors .6", vectors=0.6),
    Variant(name="vectors .7", vectors=0.7),
    Variant(name="words always count fully", fully_covered=1e-9),
    Variant(name="words count fully from half", fully_covered=0.5),
    Variant(name="no feedback", feedback=0.0),
    Variant(name="feedback .4", feedback=0.4),
)
VARIANTS = (
    DEFAULT,
    Variant(name="text alone", mode="text"),
    Variant(name="vectors alone", mode="vector"),
    *FUSIONS,
    Variant(name="function words kept", keeps_function_words=True),
    Variant(name="neighbours 1", neighbours=1),
    Variant(name="neighbours 2", neighbours=2),
    Variant(name="repetitions kept", same=2.0),
    Variant(name="repetitions from 0.7", same=0.7),
    Variant(name="numbers repeat too", minds_numbers=False),
    Variant(name="sentence reranker", is_reranked=True),
)

Values = dict[str, list[float]]  # a measure's values, by question


async def main(embedder_name: str) -> None:
    tables, by_library = [], {}
    cache = ROOT / ".cache" / "evals"
    cache.mkdir(parents=True, exist_ok=True)
    async with cached_embedder(
        ROOT / ".cache" / "models", embedder_name, cache / "embeddings.db"
    ) as embedder:
        for library in libraries():
            is_small = len(library.questions) <= _RERANKED
            with tempfile.TemporaryDirectory() as folder:
                async with filled(library, embedder, Path(folder)) as there:
                    found = {
                        variant.name: await asked(variant, library, there)
                        for variant in VARIANTS
                        if is_small or not variant.is_reranked
                    }
            by_library[library.name] = found
            tables.append(table(library, there.chunks, found))
            print(tables[-1], flush=True)
    tables.append(chosen_elsewhere(by_library))
    print(tables[-1])
    replace_section(f"retrieval with {embedder_name}", "\n\n".join(tables), results=RESULTS)


async def asked(variant: Variant, library: Library, there: Filled) -> Values:
    values: Values = {measure: [] for measure in MEASURES}
    reranker = SentenceReranker(Patient(there.index.embedder)) if variant.is_reranked else None
    with swapped(variant):
        for question in library.questions:
            for measure, value in (await _one(question, variant, there, reranker)).items():
                values[measure].append(value)
    return values


def by_reciprocal_rank(
    cosines: Mapping[int, float], bm25: Mapping[int, float], *, last_row: int, **_: float
) -> Ranking:
    """What the index did before: the sum of 1 / (60 + rank), ranks from 1 to 100."""
    del last_row  # all is read here
    scores: dict[int, float] = {}
    for leg in (cosines, bm25):
        for rank, row in enumerate(sorted(leg, key=lambda row: (-leg[row], row))[:100], start=1):
            scores[row] = scores.get(row, 0.0) + 1.0 / (60 + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


@contextmanager
def swapped(variant: Variant) -> Iterator[None]:
    """With the constants that are no settings."""
    with ExitStack() as stack:
        if variant.is_by_rank:
            stack.enter_context(patch.object(embedded, "fuse", by_reciprocal_rank))
        if variant.keeps_function_words:
            stack.enter_context(patch.object(embedded_text, "without_function_words", str))
        stack.enter_context(patch.object(embedded, "_FEEDBACK", variant.feedback))
        stack.enter_context(patch.object(embedded_fusion, "_VECTORS", variant.vectors))
        stack.enter_context(patch.object(embedded_fusion, "_FULLY_COVERED", variant.fully_covered))
        stack.enter_context(patch.object(duplicates, "_SAME", variant.same))
        if not variant.minds_numbers:
            stack.enter_context(patch.object(duplicates, "_WEIGHTY", re.compile(r"(?!)")))
        yield


async def _one(
    question: Asked, variant: Variant, there: Filled, reranker: Reranker | None
) -> dict[str, float]:
    ranked, short = [
        await retrieve.search(
            Question(text=question.text, mode=variant.mode, top_k=top_k),
            _READER,
            index=there.index,
            metadata=there.metadata,
            timeout=600,
            neighbours=variant.neighbours,
            reranker=reranker,
        )
        for top_k in (_RANKED, _TOP_K)
    ]
    prompted = prompt.fitting(short.passages, tokens=Limits().context_tokens, count_tokens=count_tokens)
    return measured(_sources(ranked.passages, there), _sources(prompted, there), question.sources)


def _sources(passages: Sequence[Passage], there: Filled) -> list[Source]:
    return [(there.names[each.chunk.document_id], each.chunk.page) for each in passages]


def table(library: Library, chunks: int, found: dict[str, Values]) -> str:
    """A row for each variant, with the 95 % interval of its difference to the default: bold, if no chance."""
    lines = [
        f"**{library.name}**: {chunks:,} passages, {len(library.questions)} questions",
        "",
        f"| variant | {' | '.join(MEASURES)} |",
        "|---" * (len(MEASURES) + 1) + "|",
    ]
    for name, values in found.items():
        cells = [_cell(values[measure], found[DEFAULT.name][measure]) for measure in MEASURES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def chosen_elsewhere(by_library: Mapping[str, Mapping[str, Values]]) -> str:
    """A row for each library: which fusion is best on all others (mean nDCG), and what that is worth here."""
    lines = [
        "Each set with the fusion that the other sets choose:",
        "",
        "| set | chosen by the others | ndcg@10 | recall@10 | better leg: ndcg@10 | recall@10 |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in by_library.items():
        others = [each for other, each in by_library.items() if _family(other) != _family(name)]
        best = max((DEFAULT, *FUSIONS), key=lambda variant: sum(_ndcg(each, variant.name) for each in others))
        leg = max(("text alone", "vectors alone"), key=lambda leg: _ndcg(found, leg))
        cells = [
            f"{mean(found[variant][measure]):.3f}"
            for variant in (best.name, leg)
            for measure in ("ndcg@10", "recall@10")
        ]
        lines.append(f"| {name} | {best.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _family(library: str) -> str:
    return library.partition(",")[0]


def _ndcg(found: Mapping[str, Values], variant: str) -> float:
    return mean(found[variant]["ndcg@10"])


def _cell(values: Sequence[float], default: Sequence[float]) -> str:
    differences = [value - other for value, other in zip(values, default, strict=True)]
    text = f"{mean(values):.3f}"
    if not any(differences):
        return text
    interval = bootstrap(differences)
    shown = f"{text} ({interval.low:+.3f} … {interval.high:+.3f})"
    return shown if interval.is_chance else f"**{shown}**"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", choices=("e5", "minilm"), default="e5")
    asyncio.run(main(parser.parse_args().embedder))
