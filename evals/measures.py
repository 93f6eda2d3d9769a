"""How good a ranking is, and whether a difference is more than chance. Used by all that measures here.

Every measure is of one question, between 0 and 1, and higher is better.
"""

import math
import random
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

MEASURES = ("ndcg@10", "recall@10", "hit@5", "in prompt")


def ndcg(ranking: Sequence[T], gains: Mapping[T, float], *, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first k, the gain being the grade itself.

    Järvelin and Kekäläinen 2002, in the form of trec_eval's `ndcg_cut`: sum of grade / log2(rank + 1), over
    the same sum of the best possible ranking. What stands twice in the ranking counts where it stands first.
    """
    found = _discounted([gains.get(each, 0.0) for each in dict.fromkeys(ranking)][:k])
    best = _discounted(sorted(gains.values(), reverse=True)[:k])
    return found / best if best else 0.0


def recall(ranking: Sequence[T], wanted: Collection[T], *, k: int) -> float:
    """The share of what is wanted that is among the first k different ones (trec_eval's `recall`)."""
    return len(set(wanted).intersection(list(dict.fromkeys(ranking))[:k])) / len(wanted)


def reciprocal_rank(ranking: Sequence[T], wanted: Collection[T]) -> float:
    """1 / rank of the first that is wanted, 0 if none is; its mean is MRR (Voorhees 1999, `recip_rank`)."""
    ranks = (rank for rank, each in enumerate(dict.fromkeys(ranking), start=1) if each in wanted)
    return 1 / next(ranks, math.inf)


def hit(passages: Sequence[T], wanted: Collection[T], *, k: int) -> float:
    """Whether one of the first k passages, as they come, is from a place that is wanted."""
    return float(any(each in wanted for each in passages[:k]))


def measured(ranking: Sequence[T], prompted: Sequence[T], wanted: frozenset[T]) -> dict[str, float]:
    """Of one question: `ranking` by what was retrieved, `prompted` what a prompt had room for."""
    return {
        "ndcg@10": ndcg(ranking, dict.fromkeys(wanted, 1.0)),
        "recall@10": recall(ranking, wanted, k=10),
        "hit@5": hit(ranking, wanted, k=5),
        "in prompt": recall(prompted, wanted, k=len(prompted)),
    }


def _discounted(grades: Sequence[float]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Of a mean: so many of 100 draws of the questions lie in it."""

    low: float
    high: float

    @property
    def is_chance(self) -> bool:
        """Of a mean difference: whether it may as well be none."""
        return self.low <= 0 <= self.high


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all is not above (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def bootstrap(values: Sequence[float], *, draws: int = 2_000, level: float = 0.95) -> Interval:
    """The percentile interval of the mean (Efron 1979), with the same draws at each run.

    Paired, where the values are one question's differences between two variants.
    """
    numbers = random.Random(7)  # draws, no secrets  # nosec B311
    means = sorted(mean(numbers.choices(values, k=len(values))) for _ in range(draws))
    tail = round(draws * (1 - level) / 2)
    return Interval(low=means[tail], high=means[draws - tail - 1])
