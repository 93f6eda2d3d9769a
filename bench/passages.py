"""Made-up passages and vectors with fixed seeds, for the benchmark of the search index."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DIMENSION = 384
VOCABULARY = 50_000
QUESTIONS = 200

Floats = NDArray[np.float32]


@dataclass(kw_only=True)
class Corpus:
    vectors: Floats
    questions: Floats
    numbers: np.random.Generator
    weights: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        weights = 1.0 / np.arange(1, VOCABULARY + 1)
        self.weights = weights / weights.sum()

    def text(self, words: int) -> str:
        return " ".join(f"w{n}" for n in self.numbers.choice(VOCABULARY, size=words, p=self.weights))


def unit(vectors: NDArray[np.float64]) -> Floats:
    units: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


def make_corpus(size: int, kind: str) -> Corpus:
    numbers = np.random.default_rng(7)
    if kind == "random":
        drawn = numbers.standard_normal((size + QUESTIONS, DIMENSION))
    else:
        centres = unit(numbers.standard_normal((1_000, DIMENSION)))
        chosen = centres[numbers.integers(0, len(centres), size + QUESTIONS)]
        drawn = chosen + numbers.standard_normal((size + QUESTIONS, DIMENSION)) * 0.04
    vectors = unit(drawn)
    return Corpus(vectors=vectors[:size], questions=vectors[size:], numbers=numbers)
