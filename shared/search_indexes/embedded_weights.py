"""How much each word of a question weighs in BM25. Called by search_indexes.embedded_text.

The rarer among the passages that its asker may read, the more. Were all passages counted, as tantivy does,
scores and their order would tell whoever may upload which words stand in the documents of others.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tantivy
from numpy.typing import NDArray

# Chunks. What is in more of them counts by its share of all: that tells of no single document, and to look
# through them takes time.
_COUNTED = 2_000
_REMEMBERED = 500  # words whose chunks are known
_SATURATED = 2.2  # tantivy's k1 of 1.2, and 1


@dataclass(frozen=True, kw_only=True)
class Readable:
    """The chunks that an asker may read."""

    count: int
    among: Callable[[NDArray[np.int64]], int] | None = None  # how many of these rows are; None: all


@dataclass(frozen=True, kw_only=True)
class Weight:
    boost: float  # of tantivy's own score, which goes by all chunks
    frequency: float  # among what may be read, chunks; 0: the word is unknown
    most: float  # the score that no chunk exceeds


class Weights:
    """As of one commit of the text index. Any thread may call it."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, *, mark_row: int) -> None:
        self._searcher = searcher
        self._schema = schema
        self._rows: dict[str, NDArray[np.int64]] = {}
        self._mark_row = mark_row
        self._all = 0  # of tantivy's, with what was removed and is not swept yet

    def of(self, term: str, readable: Readable) -> Weight:
        everywhere = self._searcher.doc_freq("text", term)
        frequency = self._frequency(term, everywhere, readable)
        rarity = _rarity(frequency, readable.count)
        boost = rarity / _rarity(everywhere, self._counted_by_tantivy()) if frequency else 0.0
        return Weight(boost=boost, frequency=frequency, most=_SATURATED * rarity)

    def _frequency(self, term: str, everywhere: int, readable: Readable) -> float:
        if not everywhere or readable.among is None:
            return everywhere
        if everywhere > _COUNTED:
            return everywhere * readable.count / max(self._searcher.num_docs - 1, 1)  # one is the mark
        return readable.among(self._rows_of(term, everywhere))

    def _rows_of(self, term: str, everywhere: int) -> NDArray[np.int64]:
        rows = self._rows.get(term)
        if rows is None:
            found = tantivy.Query.const_score_query(
                tantivy.Query.term_query(self._schema, "text", term, "basic"), 0.0
            )
            hits = self._searcher.search(found, everywhere, count=False, order_by_field="row").hits
            rows = np.array([row for row, _ in hits], np.int64)
            if len(self._rows) < _REMEMBERED:
                self._rows[term] = rows
        return rows

    def _counted_by_tantivy(self) -> int:
        """It tells in no other way."""
        if not self._all:
            mark = tantivy.Query.term_query(self._schema, "row", self._mark_row, "basic")
            ((_, address),) = self._searcher.search(mark, 1, count=False).hits
            told = json.loads(mark.explain(self._searcher, address).to_json())
            self._all = int(told["details"][1]["details"][1]["value"])
        return self._all


def _rarity(frequency: float, chunks: int) -> float:
    """BM25's inverse document frequency."""
    return math.log(1 + (max(chunks, frequency) - frequency + 0.5) / (frequency + 0.5))
