"""Whether a question asks for a number, and whether a text has one. Called by chat_models.extractive."""

import re

_NUMBER_ASKED = re.compile(
    r"\b(how (much|many|often|old|tall|far)|how long (is|are|do|does|did|may|can)|when (was|were|did|is|will)"
    r"|(what|which) (year|date|percentage|price|amount)|phone number"
    r"|wie (viele?|oft|lange|hoch|alt)|wann|combien|quand|à quelle date|cu[aá]nt[oa]s?|cu[aá]ndo"
    r"|quant[oaie]|quando|hoeveel|wanneer)\b|多少|几|什么时候|いつ|いくら|何年|كم|متى|сколько|когда",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|[一二三四五六七八九十百]|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred"
    r"|once|twice|annual|monthly|weekly|daily|quarterly|every|free|noon|midnight)",
    re.IGNORECASE,
)


def asks_for_a_number(question: str) -> bool:
    """A quantity, a date or a frequency; some such questions in some languages."""
    return _NUMBER_ASKED.search(question) is not None


def has_a_number(text: str) -> bool:
    """In digits, or in the commonest words."""
    return _NUMBER.search(text) is not None


def what_is_asked(question: str) -> str:
    """The question without `how long` or `when is`, which no answer repeats."""
    return _NUMBER_ASKED.sub(" ", question)
