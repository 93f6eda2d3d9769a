"""Which passages say the same as a better one. Called by query.retrieve, after authorisation only: what its
asker may not read hides nothing."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

# Scripts without spaces are read by characters.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+"
)
_SHINGLE = 3  # words
_SAME = 0.85  # Jaccard similarity of the shingles: ADR 0007 has the table
_WEIGHTY = re.compile(  # numbers and negations
    r".*\d.*|not|no|never|nor|none|neither|without|cannot|(is|are|does|do|did|wo|was)n"
    r"|nicht|keine?[mnrs]?|nie|niemals|ohne|pas|jamais|sans|non|sin|nunca|jamás|senza|mai|não|sem|nem|niet|geen"
    r"|zonder|不|没|無|无|非|未"
)


class Distinct:
    """What was kept so far."""

    def __init__(self) -> None:
        self._kept: list[tuple[list[str], frozenset[tuple[str, ...]]]] = []  # words, shingles

    def adds(self, content: str) -> bool:
        """Whether it says something that nothing kept says; then it is kept itself.

        A number or a negation that differs is something else, however alike the rest is: editions of a
        price list, and plans of an insurance, differ in little more.
        """
        words, shingles = _read(content)
        for other_words, others in self._kept:
            if _are_the_same(shingles, others) and _weighty(words) == _weighty(other_words):
                return False
        self._kept.append((words, shingles))
        return True


@lru_cache(maxsize=256)  # the same passages are found for many questions
def _read(content: str) -> tuple[list[str], frozenset[tuple[str, ...]]]:
    words = _WORD.findall(content.casefold())
    shingles = frozenset(zip(*(words[start:] for start in range(_SHINGLE)), strict=False))
    return words, shingles or frozenset({tuple(words)})


def _weighty(words: Sequence[str]) -> Counter[str]:
    return Counter(filter(_WEIGHTY.fullmatch, words))


def _are_the_same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < _SAME * larger:
        return False
    shared = len(one & other)
    return shared >= _SAME * (smaller + larger - shared)
