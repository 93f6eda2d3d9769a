"""How the extractive model's constants fare: `python -m evals.extractive` writes it into evals/RESULTS.md.

Every variant changes one constant of `chat_models.extractive`. The last row is what choosing among them would
have come to: for each fifth of the questions the variant is taken that does best on the other four.
"""

import argparse
import asyncio
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from unittest.mock import patch

from bench.results import replace_section
from evals.answer_measures import facts_said, precision, token_f1
from evals.extractive_cases import Case, cases
from evals.filled_index import Patient, cached_embedder
from evals.libraries import ROOT
from evals.measures import mean
from shared.chat_models import extractive
from shared.chat_models.extractive import ExtractiveChatModel
from shared.domain import Embedding
from shared.embedders.base import Embedder
from shared.query.cite import markers
from shared.query.prompt import DONT_KNOW

_FOLDS = 5
_PATIENCE = 600.0  # seconds: a busy machine must not make the words decide


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    constants: Mapping[str, float] = field(default_factory=dict)


VARIANTS = (
    Variant(name="default"),
    *(Variant(name=f"evidence {value}", constants={"_EVIDENCE": value}) for value in (0.75, 0.8, 0.9, 0.95)),
    *(Variant(name=f"abroad {value}", constants={"_EVIDENCE_ABROAD": value}) for value in (0.5, 0.7, 0.8)),
    *(Variant(name=f"coverage {value}", constants={"_COVERAGE_WEIGHT": value}) for value in (0.3, 0.9, 1.2)),
    *(Variant(name=f"words {value}", constants={"_WORDS_WEIGHT": value}) for value in (0.3, 0.8)),
    *(Variant(name=f"rank {value}", constants={"_RANK_WEIGHT": value}) for value in (0.0, 0.2)),
    *(Variant(name=f"near best {value}", constants={"_NEAR_BEST": value}) for value in (0.1, 0.3)),
    *(Variant(name=f"quoted {value}", constants={"_QUOTED": value}) for value in (2, 6)),
)
# Columns of the table, and the groups of cases that each is the mean of.
MEASURES = ("answered", "near", "left out", "elsewhere", "far", "facts", "precision", "recall", "f1")

Values = dict[str, float]  # of one question, by measure


class Remembering:
    """An embedder that embeds nothing twice: the variants ask for the same sentences again and again."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = Patient(embedder)
        self.name, self.dimension = embedder.name, embedder.dimension
        self._questions: dict[str, Embedding] = {}
        self._passages: dict[str, Embedding] = {}

    async def embed_query(self, text: str) -> Embedding:
        if text not in self._questions:
            self._questions[text] = await self._embedder.embed_query(text)
        return self._questions[text]

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        missing = [text for text in dict.fromkeys(texts) if text not in self._passages]
        if missing:
            made = await self._embedder.embed_passages(missing, urgent=urgent)
            self._passages.update(zip(missing, made, strict=True))
        return [self._passages[text] for text in texts]

    async def close(self) -> None:
        """The other's owner closes it."""


async def main(embedder_name: str) -> None:
    models, kept = ROOT / ".cache" / "models", ROOT / ".cache" / "evals"
    kept.mkdir(parents=True, exist_ok=True)
    async with cached_embedder(models, embedder_name, kept / "embeddings.db") as embedder:
        asked = [case async for case in cases(embedder)]
        model = ExtractiveChatModel(Remembering(embedder))
        # Finding the sentences takes longest, and none of the constants above changes what is found.
        with patch.object(extractive, "_candidates", cache(extractive._candidates)):  # noqa: SLF001
            found = {variant.name: await answered(variant, asked, model) for variant in VARIANTS}
    shown = table(found, asked)
    print(shown, flush=True)
    replace_section(f"extractive with {embedder_name}", shown, results=ROOT / "evals" / "RESULTS.md")


async def answered(variant: Variant, asked: Sequence[Case], model: ExtractiveChatModel) -> list[Values]:
    with ExitStack() as changed:
        for name, value in variant.constants.items():
            changed.enter_context(patch.object(extractive, name, value))
        return [measured(case, await _text(case, model)) for case in asked]


async def _text(case: Case, model: ExtractiveChatModel) -> str:
    return "".join([delta.text async for delta in model.stream(case.prompt, timeout=_PATIENCE)])


def measured(case: Case, text: str) -> Values:
    """Of a question that cannot be answered: whether it was, under the name of its group."""
    is_answered = float(text != DONT_KNOW)
    if case.group != "answerable":
        return {case.group: is_answered}
    cited = {case.sources[marker] for marker in markers(text)}
    values = {"answered": is_answered}
    if case.question.must_contain:
        values["facts"] = facts_said(text, case.question.must_contain)
    if case.question.truths:
        values["precision"] = precision(cited, case.question.truths)
        values["recall"] = len(cited & set(case.question.truths)) / len(case.question.truths)
    if case.question.truth:
        values["f1"] = token_f1(text, case.question.truth)
    return values


def table(found: Mapping[str, Sequence[Values]], asked: Sequence[Case]) -> str:
    lines = [
        f"{len(asked)} questions; *near* to *far* cannot be answered and should not be",
        "",
        f"| variant | {' | '.join(MEASURES)} |",
        "|---" * (len(MEASURES) + 1) + "|",
        *(_row(name, values) for name, values in found.items()),
        _row("chosen by the other folds", chosen(found, asked)),
    ]
    return "\n".join(lines)


def _row(name: str, values: Sequence[Values]) -> str:
    means = {measure: [each[measure] for each in values if measure in each] for measure in MEASURES}
    return f"| {name} | {' | '.join(f'{mean(each):.3f}' if each else '–' for each in means.values())} |"


def chosen(found: Mapping[str, Sequence[Values]], asked: Sequence[Case]) -> list[Values]:
    """Each question under the variant that does best where its fold is left out."""
    folds = [zlib.crc32(case.question.text.encode()) % _FOLDS for case in asked]
    best = {
        fold: max(
            found, key=lambda name: worth([v for v, f in zip(found[name], folds, strict=True) if f != fold])
        )
        for fold in range(_FOLDS)
    }
    return [found[best[fold]][number] for number, fold in enumerate(folds)]


def worth(values: Sequence[Values]) -> float:
    """Facts that are said, against answers to what cannot be answered: near misses count as others do."""
    said = [each["facts"] for each in values if "facts" in each]
    wrong = [each[group] for each in values for group in ("near", "left out") if group in each]
    return mean(said) - mean(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", choices=("e5", "minilm"), default="e5")
    asyncio.run(main(parser.parse_args().embedder))
