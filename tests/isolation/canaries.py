"""Words that stand nowhere by chance: where one is seen, in whatever spelling, somebody has told it."""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

_CANARY = re.compile(r"zq[a-z]{6}x")
_ESCAPE = re.compile(r"\\+(?:u00|x)([0-9a-fA-F]{2})")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :-]?){9,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX_BEGUN = re.compile("7[aA][ :-]?71")
_BASE64_BEGUN = re.compile("en[E-H]|px|6c")  # `zq` in each of the three alignments


def canary(place: str, number: int) -> str:
    """Nine letters: a number that differs would make a passage another one. `place` is one of them."""
    letters = ""
    for _ in range(5):
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return f"zq{place}{letters}x"


@lru_cache(maxsize=1_000)  # most answers say the same
def canaries_in(text: str) -> frozenset[str]:
    """Also those that are told in base64, in hexadecimal, escaped for URLs, JSON or HTML, in wide or capital
    letters, backwards, or by rot13. In much noise there may be some that nobody has put anywhere."""
    return frozenset(found for spelling in _spellings(text) for found in _CANARY.findall(spelling))


def _spellings(text: str) -> Iterator[str]:
    for view in (text, *_unescaped(text), *_decoded(text)):
        plain = view if view.isascii() else unicodedata.normalize("NFKC", view)
        plain = plain.casefold()
        yield plain
        yield plain[::-1]
        yield codecs.encode(plain, "rot13")


def _unescaped(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(unquote(text))
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _decoded(text: str) -> Iterator[str]:
    for run in _HEX.findall(text) if _HEX_BEGUN.search(text) else ():
        digits = re.sub("[^0-9a-fA-F]", "", run)
        for start in (0, 1):  # a digit of something else may stand in front of it
            yield bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2]).decode("latin-1")
    for run in filter(_BASE64_BEGUN.search, _BASE64.findall(text)):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):  # what stands in front of it may be of the same letters
            part = plain[start:]
            try:
                yield base64.b64decode(part[: len(part) // 4 * 4] + _rest(part)).decode("latin-1")
            except binascii.Error:
                continue


def _rest(part: str) -> str:
    """The last letters that are no whole group, filled up."""
    rest = part[len(part) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""
