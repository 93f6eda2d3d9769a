"""Made-up passages and vectors with fixed seeds, a block at a time, so that a million take little memory.

Words follow Zipf's law, as those of real passages do. Vectors are drawn around 1,000 centres, which is what
embeddings of real text look like to an index, or evenly, which is harder than any real case. Used by
`bench.search` and `bench.cold_start`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.domain import EVERYONE, Chunk, IndexedChunk

SEED = 7
DIMENSION = 384
QUESTION_WORDS = 8
CHUNKS_PER_DOCUMENT = 20
WORDS = 140
_VOCABULARY = 50_000
_CENTRES = 1_000

Floats = NDArray[np.float32]
Kind = Literal["clustered", "random"]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    size: int
    kind: Kind
    asked: int = 400  # questions
    block: int = 10_000  # passages that are made at once; others are made with another

    def vectors(self) -> Iterator[tuple[int, Floats]]:
        """(row of the first, block)."""
        for start in range(0, self.size, self.block):
            yield start, _vectors(self.kind, start, min(self.block, self.size - start))

    def chunks(self, at_once: int = 1_000) -> Iterator[list[IndexedChunk]]:
        for start, vectors in self.vectors():
            for offset in range(0, len(vectors), at_once):
                first, part = start + offset, vectors[offset : offset + at_once]
                texts = _texts(first, len(part), WORDS)
                rows = range(first, first + len(part))
                yield [_chunk(row, text, vector) for row, text, vector in zip(rows, texts, part, strict=True)]

    def questions(self) -> list[tuple[str, Floats]]:
        """With their vectors, which are drawn as those of the passages."""
        vectors = _vectors(self.kind, self.size, self.asked)
        return list(zip(_texts(self.size, self.asked, QUESTION_WORDS), vectors, strict=True))

    def nearest(self, count: int) -> NDArray[np.int64]:
        """The rows that are nearest to each question, by comparing it with all of them."""
        questions = np.stack([vector for _, vector in self.questions()])
        scores = np.full((self.asked, count), -2.0, np.float32)
        rows = np.zeros((self.asked, count), np.int64)
        for start, vectors in self.vectors():
            among = np.hstack([scores, questions @ vectors.T])
            numbers = np.hstack([rows, np.tile(np.arange(start, start + len(vectors)), (self.asked, 1))])
            best = np.argpartition(-among, count, axis=1)[:, :count]
            scores, rows = np.take_along_axis(among, best, 1), np.take_along_axis(numbers, best, 1)
        return rows


def chunk_id(row: int) -> str:
    document, ordinal = divmod(row, CHUNKS_PER_DOCUMENT)
    return f"d{document}.1.{ordinal}"


def _chunk(row: int, text: str, vector: Floats) -> IndexedChunk:
    document, ordinal = divmod(row, CHUNKS_PER_DOCUMENT)
    chunk = Chunk(
        id=chunk_id(row),
        document_id=f"d{document}",
        version=1,
        ordinal=ordinal,
        page=ordinal // 3 + 1,
        title=f"Document {document}",
        heading="",
        content=text,
    )
    return IndexedChunk(chunk=chunk, embedding=vector, readers=_readers_of(document))


def _readers_of(document: int) -> frozenset[str]:
    """Everyone reads all, `half` every other document, `few` one in a hundred."""
    half = {"half"} if document % 2 == 0 else set()
    few = {"few"} if document % 100 == 0 else set()
    return frozenset({EVERYONE} | half | few)


def _vectors(kind: Kind, start: int, count: int) -> Floats:
    numbers = np.random.default_rng((SEED, start))
    drawn = numbers.standard_normal((count, DIMENSION), np.float32)
    if kind == "clustered":
        centres = _centres()
        drawn = centres[numbers.integers(0, len(centres), count)] + drawn * np.float32(0.04)
    return _unit(drawn)


@cache
def _centres() -> Floats:
    return _unit(np.random.default_rng(SEED).standard_normal((_CENTRES, DIMENSION), np.float32))


def _unit(vectors: Floats) -> Floats:
    units: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


def _texts(start: int, count: int, words: int) -> list[str]:
    numbers = np.random.default_rng((SEED + 1, start))
    drawn = np.searchsorted(_shares(), numbers.random((count, words)))
    return [" ".join(f"w{word}" for word in row) for row in drawn.tolist()]


@cache
def _shares() -> NDArray[np.float64]:
    """Of all words, those of the most frequent ones up to each."""
    frequencies = 1.0 / np.arange(1, _VOCABULARY + 1)
    shares: NDArray[np.float64] = np.cumsum(frequencies) / frequencies.sum()
    shares[-1] = 1.0
    return shares
