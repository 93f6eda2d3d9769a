"""How much of a question's words a text has. Called by chat_models.extractive.

Needs no dictionary: words are cut to a stem of six letters, scripts without spaces are read in pairs of
characters, and a word weighs the more the fewer sentences have it.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

from shared.language import FUNCTION_WORDS

_STEM = 6
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def terms(text: str) -> list[str]:
    """Comparable pieces of the words that carry meaning."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _UNSPACED.match(word):
            found.extend(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in FUNCTION_WORDS:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    if word.isdigit():
        return word
    return word[:_STEM].removesuffix("s") if len(word) > 3 else word


class Overlap:
    """The question's terms, weighted by their rarity among the texts that may answer it."""

    def __init__(self, question: str, texts: Sequence[str]) -> None:
        having = Counter(term for text in texts for term in set(terms(text)))
        self._weights = {
            term: math.log(1 + (len(texts) + 1) / (having[term] + 1)) for term in set(terms(question))
        }
        self._total = sum(self._weights.values())

    def share(self, text: str) -> float:
        """0: none of the question's words, 1: all of them."""
        if not self._total:
            return 0.0
        return sum(self._weights.get(term, 0.0) for term in set(terms(text))) / self._total
