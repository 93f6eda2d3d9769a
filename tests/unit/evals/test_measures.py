"""Measures of rankings: by hand, and as trec_eval has them."""

import math

import pytest

from evals.measures import bootstrap, hit, ndcg, percentile, recall, reciprocal_rank

# What trec_eval says (pytrec-eval-terrier 0.5.11) of the same ranking and grades: ndcg_cut_10, recall_5,
# recip_rank.
TREC = [
    ("bzace", {"a": 3, "b": 2, "d": 1, "e": 1}, 0.7485461359183886, 0.75, 1.0),
    ("bca", {"a": 1}, 0.5, 1.0, 1 / 3),
    ("yx", {"x": 2, "y": 1}, 0.8597186998521972, 1.0, 1.0),
]


@pytest.mark.parametrize(("ranking", "grades", "gain", "found", "first"), TREC)
def test_rankings_are_measured_as_trec_eval_does(
    ranking: str, grades: dict[str, float], gain: float, found: float, first: float
) -> None:
    assert ndcg(ranking, grades) == pytest.approx(gain)
    assert recall(ranking, grades, k=5) == found
    assert reciprocal_rank(ranking, grades) == pytest.approx(first)


def test_a_grade_counts_as_it_is_and_not_as_a_power_of_two() -> None:
    assert ndcg("ba", {"a": 2.0, "b": 1.0}) == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_what_comes_again_takes_no_rank_from_what_follows() -> None:
    assert ndcg("bbba", {"a": 1.0}) == pytest.approx(1 / math.log2(3))
    assert recall("bbba", {"a"}, k=2) == 1.0
    assert reciprocal_rank("bbba", {"a"}) == 0.5
    assert hit("bbba", {"a"}, k=3) == 0.0  # of passages, though, a reader sees each


def test_what_stands_below_the_cut_is_not_found() -> None:
    ranking = "0123456789a"
    assert ndcg(ranking, {"a": 1.0}) == recall(ranking, {"a"}, k=10) == 0.0
    assert reciprocal_rank(ranking, {"a"}) == pytest.approx(1 / 11)
    assert reciprocal_rank(ranking, {"b"}) == 0.0


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.51, 3), (0.95, 4), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_the_interval_of_shares_is_about_that_of_the_normal_distribution() -> None:
    values = [1.0] * 80 + [0.0] * 20
    interval = bootstrap(values)
    spread = 1.96 * math.sqrt(0.8 * 0.2 / 100)
    assert interval.low == pytest.approx(0.8 - spread, abs=0.015)
    assert interval.high == pytest.approx(0.8 + spread, abs=0.015)
    assert bootstrap(values, level=0.99).low < interval.low
    assert bootstrap(values) == interval  # the same at each run
