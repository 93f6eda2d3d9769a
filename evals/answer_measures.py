"""How good an answer is, by words alone: no language model judges. Used by `evals.scores`.

Every measure is of one question, between 0 and 1, and higher is better.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

from shared.query.prompt import DONT_KNOW

_MARKER = re.compile(r"\s*[\[【]\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*[\]】]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MARKUP = re.compile(r"[*_`|#]+")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_PERCENT = re.compile(r"\s*(?:%|\bper ?cent\b|\bprozent\b)")
# Digits in groups of three, or with a fraction, or neither.
_NUMBER = re.compile(r"(?<![\d.,])(?:[1-9]\d{0,2}(?:[.,' ’]\d{3})+(?!\d)|\d+)(?:[.,]\d+)?")
_BESIDE_NUMBER = re.compile(r"(?<=\d) (?=[^\W\d_]|[%€$£°])|(?<=[€$£]) (?=\d)")


def is_refusal(answer: str, citations: Collection[object]) -> bool:
    """Whether it says that the documents do not say; what cites nothing says no more than that."""
    return not citations or DONT_KNOW in answer


def precision(cited: Collection[object], wanted: Collection[object]) -> float:
    """The share of the cited places that are wanted; 0 where nothing is cited."""
    places = set(cited)
    return len(places & set(wanted)) / len(places) if places else 0.0


def token_f1(answer: str, truth: str) -> float:
    """The words that both have, as the harmonic mean of their shares in each (SQuAD: Rajpurkar et al. 2016).

    Lower case, without punctuation, articles and the markers of citations.
    """
    said, wanted = _words(answer), _words(truth)
    if not said or not wanted:
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))


def _words(text: str) -> list[str]:
    plain = _MARKER.sub(" ", text).casefold().translate(_PUNCTUATION)
    return _ARTICLES.sub(" ", plain).split()


def facts_said(answer: str, facts: Sequence[Sequence[str]]) -> float:
    """The share of the facts that the answer has, each in one of its spellings.

    Case, spaces, dashes, emphasis and the way of writing numbers make no difference: 1,400 = 1 400 = 1.400,
    0,38 = 0.38, 2 percent = 2 %. A number is found only as a whole, a word from its beginning on.
    """
    text = plainly(_MARKER.sub(" ", answer))
    return sum(any(_is_in(plainly(one), text) for one in fact) for fact in facts) / len(facts)


def nothing_said_of(answer: str, forbidden: Sequence[str]) -> float:
    """1 if the answer has none of it, in whichever way it is written; else 0."""
    text = plainly(answer)
    return float(not any(_is_in(plainly(each), text) for each in forbidden))


def plainly(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = " ".join(_DASHES.sub("-", _MARKUP.sub(" ", text)).split())
    text = _NUMBER.sub(_number, _PERCENT.sub("%", text))
    return _BESIDE_NUMBER.sub("", text)


def _number(match: re.Match[str]) -> str:
    """With a point before its fraction, which ends in no zeros, and no separators of thousands.

    Three digits behind a single separator are thousands: 1.400 g reads as 1400 g, on both sides alike.
    """
    parts = re.split(r"[.,' ’]", match[0])
    last_separator = match[0][-len(parts[-1]) - 1] if len(parts) > 1 else ""
    is_fraction = last_separator in ".," and (len(parts[-1]) != 3 or parts[0] == "0" or len(parts[0]) > 3)
    if len(parts) == 1 or not is_fraction:
        return "".join(parts)
    return f"{''.join(parts[:-1])}.{parts[-1]}".rstrip("0").rstrip(".")


def _is_in(fact: str, text: str) -> bool:
    """Not as a part of another number, nor as the end of another word."""
    edges = (r"(?<!\w)(?<!\d[.,])", str.isdigit), (r"(?<![^\W\d])", str.isalpha)
    before = next((edge for edge, begins in edges if begins(fact[:1])), "")
    after = r"(?!\d)(?![.,]\d)" if fact[-1:].isdigit() else ""
    return re.search(before + re.escape(fact) + after, text) is not None
