"""How the two rankings of a hybrid search become one. Called by search_indexes.embedded.

Scores are added, not ranks: how far the first passage is ahead of the second says more than that it is first.
Both kinds of score are put on a scale from 0, what an unrelated passage has, to 1, the best passage's
(Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", 2023, compare such sums with
reciprocal ranks). ADR 0008 has our measurements.
"""

from collections.abc import Mapping

Ranking = list[tuple[int, float]]  # (row, score), best first

_VECTORS = 0.5  # of a passage's score; the rest is for its words
_FULLY_COVERED = 0.25  # of the question's information in the best passage, where words count fully


def coverage(bm25: Mapping[int, float], most: float) -> float:
    """How much words say, from 0 to 1.

    `most`: what a passage would score that has every word of the question. Where the best is far from it, as
    between two languages, words are met by chance.
    """
    return min(1.0, max(bm25.values(), default=0.0) / (_FULLY_COVERED * most)) if most else 0.0


def fuse(
    cosines: Mapping[int, float],
    bm25: Mapping[int, float],
    *,
    usual: float,
    covered: float,
    last_row: int,
) -> Ranking:
    """From 0 to 1, best first, ties to the older row. All of `bm25` has its cosine.

    `usual`: the mean cosine of all that was searched. `covered`: the weight of words. Rows after `last_row`
    the text index has yet to read: their words count as their vectors do.
    """
    if not cosines:
        return []
    reach = max(max(cosines.values()) - usual, 1e-6)
    best = max(bm25.values(), default=0.0)
    fused = []  # (score below zero, row), which sorts by itself
    for row, cosine in cosines.items():
        meaning = (cosine - usual) / reach if cosine > usual else 0.0
        words = bm25[row] / best if row in bm25 else meaning if row > last_row else 0.0
        fused.append((-(_VECTORS * meaning + (1 - _VECTORS) * covered * words), row))
    return [(row, -score) for score, row in sorted(fused)]
