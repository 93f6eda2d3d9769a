"""Whether a passage carries a sentence, by its words. Called by chat_models.llama.

A small model seldom cites, and makes things up: what it says is shown where the words it adds to the question
stand in one passage, numbers above all. That catches what is invented, not what is put the wrong way round.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.chat_models.overlap import terms
from shared.domain import Passage

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# What a sentence says about itself.
_ABOUT_ITSELF = frozenset(terms("answer question passage passages document documents information yes no"))
_ADDED = 0.2  # of the words that the question does not have, those that the passage need not have either
_ALL = 0.6  # of all words, those that it has


@dataclass(frozen=True, kw_only=True)
class _Ground:
    marker: int
    terms: frozenset[str]
    numbers: frozenset[str]


class Support:
    """The passages of one question."""

    def __init__(self, question: str, passages: Sequence[Passage]) -> None:
        self._asked = frozenset(terms(question))
        self._grounds = [
            _Ground(marker=passage.marker, terms=frozenset(terms(text)), numbers=_numbers(text))
            for passage in passages
            for text in [f"{passage.chunk.title} {passage.chunk.heading} {passage.chunk.content}"]
        ]

    def marker(self, sentence: str) -> int | None:
        """Of the passage that shares most words with it, if it carries it."""
        said, numbers = frozenset(terms(sentence)) - _ABOUT_ITSELF, _numbers(sentence)
        added = said - self._asked
        carrying = [
            ground
            for ground in self._grounds
            if numbers <= ground.numbers
            and len(added - ground.terms) <= _ADDED * len(added)
            and len(said & ground.terms) >= max(1, _ALL * len(said))
        ]
        return max(carrying, key=lambda ground: len(said & ground.terms)).marker if carrying else None


def _numbers(text: str) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text))
