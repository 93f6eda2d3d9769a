"""How good a ranking is, and whether a difference is more than chance. Used by `evals.retrieval`."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from evals.libraries import Source

MEASURES = ("ndcg@10", "recall@10", "hit@5", "in prompt")


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Of a mean difference: 95 of 100 draws of the questions lie in it."""

    low: float
    high: float

    @property
    def is_chance(self) -> bool:
        return self.low <= 0 <= self.high


def measured(
    ranking: Sequence[Source], prompted: Sequence[Source], wanted: frozenset[Source]
) -> dict[str, float]:
    """Of one question: `ranking` by what was retrieved, `prompted` what a prompt had room for."""
    unique = list(dict.fromkeys(ranking))
    gains = [
        1.0 / math.log2(rank + 1) for rank, source in enumerate(unique[:10], start=1) if source in wanted
    ]
    ideal = [1.0 / math.log2(rank + 1) for rank in range(1, min(10, len(wanted)) + 1)]
    return {
        "ndcg@10": sum(gains) / sum(ideal),
        "recall@10": len(wanted.intersection(unique[:10])) / len(wanted),
        "hit@5": float(not wanted.isdisjoint(ranking[:5])),  # of passages, as they come
        "in prompt": len(wanted.intersection(prompted)) / len(wanted),
    }


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def bootstrap(differences: Sequence[float], *, draws: int = 2_000) -> Interval:
    """Paired: of one question's values under two variants. The same draws at each run."""
    numbers = random.Random(7)
    means = sorted(mean(numbers.choices(differences, k=len(differences))) for _ in range(draws))
    return Interval(low=means[int(draws * 0.025)], high=means[int(draws * 0.975) - 1])
