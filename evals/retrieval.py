"""Which way of retrieving is best: `python -m evals.retrieval` writes its section of evals/RESULTS.md.

Every variant differs from the defaults in one thing. What runs is `query.retrieve.search` itself, over the
real index and embedder. Embeddings are kept in .cache/evals: the first run takes as long as embedding does.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterator, Sequence
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
from shared.search_indexes import embedded
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
    rrf_k: int = 60
    same: float = 0.85  # 2: nothing is a repetition
    minds_numbers: bool = True  # whether a number or a negation makes a difference
    is_reranked: bool = False


DEFAULT = Variant(name="default")
VARIANTS = (
    DEFAULT,
    Variant(name="text alone", mode="text"),
    Variant(name="vectors alone", mode="vector"),
    Variant(name="RRF k = 20", rrf_k=20),
    Variant(name="RRF k = 100", rrf_k=100),
    Variant(name="neighbours 1", neighbours=1),
    Variant(name="neighbours 2", neighbours=2),
    Variant(name="repetitions kept", same=2.0),
    Variant(name="repetitions from 0.7", same=0.7),
    Variant(name="numbers repeat too", minds_numbers=False),
    Variant(name="sentence reranker", is_reranked=True),
)

Values = dict[str, list[float]]  # a measure's values, by question


async def main(embedder_name: str) -> None:
    tables = []
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
            tables.append(table(library, there.chunks, found))
            print(tables[-1], flush=True)
    replace_section(f"retrieval with {embedder_name}", "\n\n".join(tables), results=RESULTS)


async def asked(variant: Variant, library: Library, there: Filled) -> Values:
    values: Values = {measure: [] for measure in MEASURES}
    reranker = SentenceReranker(Patient(there.index.embedder)) if variant.is_reranked else None
    with swapped(variant):
        for question in library.questions:
            for measure, value in (await _one(question, variant, there, reranker)).items():
                values[measure].append(value)
    return values


@contextmanager
def swapped(variant: Variant) -> Iterator[None]:
    """With the constants that are no settings."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(embedded, "_RRF_K", variant.rrf_k))
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
