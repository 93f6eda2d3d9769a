"""Words of a text as the index's analyzer makes them, near enough: tokenizer and filters of the custom one.

An analyzer of the service's own (`de.microsoft`) is treated as lower case, accents off and English stems;
what it really does is not known here. The simple query language is read for words only: a request that
still contains one of its operators is refused, so that a test shows it.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import tantivy

from tests.stand_ins.search_service.errors import Refused

Definition = Mapping[str, Any]

MAX_CLAUSES = 1024  # of a query, as the service's simple and full syntax allow
MAX_TERM_BYTES = 32_766
_SYNTAX = re.compile(r'[+|"()*~]|(?<!\S)-')

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f\u3040-\u30ff\uac00-\ud7af"
_BUILT_IN = ("cjk_width", "lowercase", "cjk_bigram", "asciifolding", "english")


def analyze(text: str, definition: Definition, name: str) -> list[str]:
    """`name`: the analyzer's, defined in the index or one of the service's own."""
    custom = {one["name"]: one for one in definition.get("analyzers") or ()}.get(name)
    if custom is None:
        return _filtered(_tokenize(text), _BUILT_IN)
    char_filters = {one["name"]: one for one in definition.get("charFilters") or ()}
    for wanted in custom.get("charFilters") or ():
        one = char_filters[wanted]
        text = _pattern(one["pattern"]).sub(re.sub(r"\$(\d)", r"\\\1", one["replacement"]), text)
    languages = {one["name"]: one["language"] for one in definition.get("tokenFilters") or ()}
    return _filtered(_tokenize(text), tuple(languages.get(one, one) for one in custom["tokenFilters"]))


def query_terms(text: str, definition: Definition, name: str) -> list[str]:
    """Of the simple syntax, searchMode any: each once."""
    if found := _SYNTAX.search(text):
        raise Refused(400, f"the stand-in takes no operator in a search text, here {found[0]!r}")
    terms = list(dict.fromkeys(analyze(text, definition, name)))
    if len(terms) > MAX_CLAUSES:
        raise Refused(400, f"the query has {len(terms)} clauses; {MAX_CLAUSES} are allowed")
    if any(len(word.encode()) > MAX_TERM_BYTES for word in text.split()):
        raise Refused(400, "a search term is too long")
    return terms


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _tokenize(text: str) -> list[str]:
    """Unicode words of at most 255 characters; one for each character of scripts that get paired."""
    tokens: list[str] = []
    run = ""
    for character in text + " ":
        kind = _kind(character)
        if (kind == "word" or (kind == "inside" and run)) and len(run) < 255:
            run += character
            continue
        if word := run.strip("'’."):
            tokens.append(word)
        run = character if kind == "word" else ""
        if kind == "paired":
            tokens.append(character)
    return tokens


@functools.cache
def _kind(character: str) -> str:
    if re.match(f"[{_HAN}]", character):
        return "paired"
    if character.isalnum() or character == "_" or unicodedata.category(character) in ("Mn", "Mc", "Cf"):
        return "word"
    return "inside" if character in "'’." else "between"


def _filtered(tokens: list[str], filters: tuple[str, ...]) -> list[str]:
    for name in filters:
        if name == "cjk_bigram":
            tokens = _pairs(tokens)
        else:
            tokens = [new for token in tokens if (new := _FILTERS[name](token))]
    return tokens


def _pairs(tokens: list[str]) -> list[str]:
    """Unsure: the real filter pairs adjacent characters of a text; here blanks between them are not seen."""
    single = re.compile(f"[{_HAN}]")
    paired: list[str] = []
    for at, token in enumerate(tokens):
        if not single.fullmatch(token):
            paired.append(token)
            continue
        has_next = at + 1 < len(tokens) and single.fullmatch(tokens[at + 1])
        has_previous = at > 0 and single.fullmatch(tokens[at - 1])
        if has_next:
            paired.append(token + tokens[at + 1])
        elif not has_previous:
            paired.append(token)
    return paired


def _fold(token: str) -> str:
    """Precomposed letters lose their accents, combining marks stay: as Lucene's filter does it."""
    return "".join(_folder().analyze(token)) if not token.isascii() else token


@functools.cache
def _folder() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.ascii_fold()).build()


@functools.cache
def _stemmer() -> tantivy.TextAnalyzer:
    stemmer = tantivy.Filter.stemmer("english")
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(stemmer).build()


_FILTERS = {
    "cjk_width": lambda token: (
        unicodedata.normalize("NFKC", token) if re.search("[\uff00-\uffef]", token) else token
    ),
    "lowercase": str.lower,
    "asciifolding": _fold,
    "possessiveEnglish": lambda token: re.sub("['’]s$", "", token),
    "english": lambda token: "".join(_stemmer().analyze(token)),
}
