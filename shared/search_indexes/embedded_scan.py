"""The scan of the embedded search index: one question's int8 code against the code of every allowed row.

`embedded_columns` makes one `Scan` a search. Codes are int8 with one scale a vector; SQLite then gives the
exact vectors of the best.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future

import numkong
import numpy as np
from numpy.typing import NDArray

from shared.domain import Embedding

Codes = NDArray[np.int8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BLOCK = 10_240  # rows: some 0.3 ms of work, the longest that one thread waits for the other
_HELPED = 3 * _BLOCK  # rows; waking a helper for fewer costs more than it saves
_SELECTIVE = 8  # gather the codes of a block below one allowed in so many; above, score all of them


def unit_vectors(embeddings: Sequence[Embedding]) -> Floats:
    vectors = np.asarray(embeddings, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = vectors / np.maximum(lengths, np.float32(1e-12))
    return units


def quantise(vectors: Floats) -> tuple[Codes, Floats]:
    """Codes and scales, with code * scale nearly the vector: one scale a vector, so that no outlier clips."""
    scales = np.maximum(np.abs(vectors).max(axis=1), np.float32(1e-12)) / np.float32(127)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


class Scan:
    """The best `count` rows of the mask by about their cosine similarity.

    Its own thread and at most one helper take block after block, so that a helper which gets no core delays
    nobody by more than the block that it has begun.
    """

    def __init__(self, embedding: Embedding, codes: Codes, scales: Floats, mask: Mask, count: int) -> None:
        unit = unit_vectors([embedding])
        self.question: Floats = unit[0]
        self._code, self._scale = quantise(unit)
        self._codes = codes
        self._scales = scales
        self._mask = mask
        self._count = count
        self._blocks = iter(range(0, len(codes), _BLOCK))  # gives each block to one thread only
        self._found: list[tuple[Ints, Floats]] = []
        self._sums: list[float] = []  # of the scores of each block's allowed rows
        self._floor = float("-inf")  # enough rows are known to be as good; of two threads the lower may win
        self._help: Future[None] | None = None

    def begin(self, helpers: Executor) -> None:
        """Let a helper work until `best` is called, and during it."""
        if np.count_nonzero(self._mask) > _HELPED:
            self._help = helpers.submit(self._work)

    def best(self) -> tuple[Ints, Floats]:
        """Slots and similarities, best first, ties to the first slot."""
        self._work()
        if self._help is not None and not self._help.cancel():
            self._help.result()
        if not self._found:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        slots, scores = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        order = np.lexsort((slots, -scores))[: self._count]
        return slots[order], scores[order] * self._scale

    def mean(self) -> float:
        """Of the similarities of all allowed rows, once `best` has returned."""
        return float(sum(self._sums) * self._scale[0] / max(int(np.count_nonzero(self._mask)), 1))

    def similarities(self, slots: Ints) -> list[float]:
        """About, by their codes."""
        scores: list[float] = (
            _products(self._code, self._codes[slots]) * self._scales[slots] * self._scale
        ).tolist()
        return scores

    def likeness(self, leaders: Ints, slots: Ints) -> list[float]:
        """Of each slot to the mean of the leaders, about, by their codes."""
        mean = (self._codes[leaders] * self._scales[leaders, None]).mean(axis=0, keepdims=True)
        code, scale = quantise(mean.astype(np.float32))
        likeness: list[float] = (_products(code, self._codes[slots]) * self._scales[slots] * scale).tolist()
        return likeness

    def _work(self) -> None:
        for start in self._blocks:
            slots, scores = self._score(slice(start, start + _BLOCK))
            if len(slots) > self._count:
                best = np.argpartition(scores, -self._count)[-self._count :]
                slots, scores = slots[best], scores[best]
                self._floor = max(self._floor, float(scores.min()))
            if len(slots):
                self._found.append((slots + start, scores))

    def _score(self, block: slice) -> tuple[Ints, Floats]:
        """The block's slots that are allowed and, as far as is known, good enough."""
        mask, codes, scales = self._mask[block], self._codes[block], self._scales[block]
        if np.count_nonzero(mask) * _SELECTIVE < len(mask):
            slots = np.flatnonzero(mask)
            scores = _products(self._code, codes[slots]) * scales[slots]
            self._sums.append(float(scores.sum()))
            return slots, scores
        scores = _products(self._code, codes) * scales
        self._sums.append(float(scores @ mask))
        slots = np.flatnonzero((scores >= self._floor) & mask)
        return slots, scores[slots]


def _products(code: Codes, codes: Codes) -> Floats:
    if len(codes) == 0:
        return np.zeros(0, np.float32)
    return np.asarray(numkong.cdist(code, codes, metric="dot")).ravel().astype(np.float32)
