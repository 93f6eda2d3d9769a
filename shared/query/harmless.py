"""What a language model says, as text that no client makes anything else of.

A model may say what a document told it to say: a picture whose address carries what it has read, a link, a
tag. Clients show answers as Markdown or HTML, each with rules of its own for code, tables and formulas, so
one rule holds everywhere, in code too: between the characters with which a picture, a link, a definition,
a tag, a character reference or an address begins stands a word joiner, which is not seen and which none of
them may contain. Taken out again (`plain`), it leaves the words as they were said. Links to hosts that are
allowed stay links.

Called by query.reply and query.suggest; by query.cite for what is unseen; and by whatever shows answers
that were stored.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import lru_cache

from shared.domain import ChatDelta

JOINER = "\u2060"  # unlike a zero width space it is no place to break a line
NO_HOSTS: frozenset[str] = frozenset()

# What is unseen and would hide one text in another: controls, soft hyphens, spaces without a width,
# characters that turn the direction of others around, tags. Joiners within words of Persian or Hindi and in
# emoji stay. And halves of characters, which cannot be written.
_UNSEEN_RANGES = (
    *((0x00, 0x09), (0x0B, 0x20), (0x7F, 0xA0), (0xAD, 0xAE), (0x61C, 0x61D), (0x180E, 0x180F)),
    *((0x200B, 0x200C), (0x202A, 0x202F), (0x2060, 0x2070), (0xD800, 0xE000), (0xFEFF, 0xFF00)),
    *((0xFFF9, 0xFFFC), (0xE0000, 0xE0080)),
)
_UNSEEN: dict[int, None] = dict.fromkeys(code for first, end in _UNSEEN_RANGES for code in range(first, end))
_SEEN = _UNSEEN | dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x1f\x85"), " ")  # which part words

# Top level names by which a bare `name.com` is taken for an address: all of two letters, and these.
_NAMES = "aero|asia|biz|com|coop|edu|gov|info|museum|name|net|org|pro|shop|web|xxx"
# What some client of commonmark, markdown-it with linkify, marked, remark with GFM and showdown goes by.
_BEGINNINGS = rf"""
    (?P<around>(?<=\S)@(?=\S)                             # somebody@host
             | (?<=[Ww]{{3}})\.)                          # www.host
    | <(?=[A-Za-z/!?])                                    # a tag, a comment, an address in angle brackets
    | !(?=\[)                                             # a picture
    | \](?=[(:])                                          # a link, a definition, a footnote
    | /(?=/\S)                                            # https://host, //host
    | (?<=\S)\.(?=(?:[^\W\d_]{{2}}|(?i:{_NAMES}))(?!\w))  # host.com
    | &(?=\#?\w{{1,32}};)                                 # a character by its name or number
    | \\(?=[/.:@])                                        # what would stand for the character behind it
"""
_UNDECIDED = r"[<!\]@\\]|//?|\.[^\W\d_]{0,6}|&\#?\w{0,32}"

_MOST_URL = 500  # characters
_TAIL = rf"[/?#][A-Za-z0-9_\-.~%=&+?#:,;/]{{0,{_MOST_URL}}}"
_BEHIND_HOST = r"(?=[.,:!?)]*(?:\s|\Z))"  # nothing that would make another host of it


def visible(text: str) -> str:
    """Without characters that are not seen. Of a text in pieces, that of each piece."""
    return text.translate(_SEEN)


def plain(text: str) -> str:
    """As it was said, for whoever makes no links, tags or pictures of it."""
    return text.replace(JOINER, "")


def harmless(text: str, hosts: frozenset[str] = NO_HOSTS) -> str:
    """A whole text. What is harmless already stays as it is."""
    words = HarmlessWords(hosts)
    return words.feed(text) + words.end()


class HarmlessWords:
    """A text piece by piece. What may become part of something that is not text is held back until more of
    it decides, so that no prefix shows what the whole would not: at most 34 characters, or a link where
    `hosts` are allowed."""

    def __init__(self, hosts: frozenset[str] = NO_HOSTS) -> None:
        self._beginnings, self._undecided = _rules(hosts)
        self._text = ""  # what is held back, and what the rules look at in front of it
        self._shown = 0  # of it

    def feed(self, text: str) -> str:
        """What may be shown now."""
        self._text += visible(text)
        undecided = self._undecided.search(self._text, self._shown)
        return self._up_to(undecided.start() if undecided else len(self._text))

    def end(self) -> str:
        """What was held back."""
        return self._up_to(len(self._text))

    def _up_to(self, end: int) -> str:
        parts: list[str] = []
        for match in self._beginnings.finditer(self._text, self._shown):
            if match.start() >= end:
                break
            parts += self._text[self._shown : match.start()], _inert(match)
            self._shown = match.end()
        parts.append(self._text[self._shown : end])
        self._shown = max(self._shown, end)
        behind = max(0, self._shown - 3)
        self._text, self._shown = self._text[behind:], self._shown - behind
        return "".join(parts)


def _inert(match: re.Match[str]) -> str:
    if match.lastgroup == "allowed":
        return match[0]
    return JOINER + match[0] + JOINER if match.lastgroup == "around" else match[0] + JOINER


async def harmless_deltas(
    deltas: AsyncGenerator[ChatDelta, None], hosts: frozenset[str]
) -> AsyncGenerator[ChatDelta, None]:
    """The words of the deltas."""
    words = HarmlessWords(hosts)
    async with aclosing(deltas):
        async for delta in deltas:
            if text := words.feed(delta.text):
                yield ChatDelta(text=text)
    if text := words.end():
        yield ChatDelta(text=text)


@lru_cache(maxsize=8)
def _rules(hosts: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What begins anything but text, and the end of a text of which that cannot be told yet."""
    if not hosts:
        return re.compile(_BEGINNINGS, re.VERBOSE), re.compile(rf"(?:{_UNDECIDED})\Z")
    names = "|".join(map(re.escape, sorted(hosts)))
    url = rf"(?i:https?://(?:{names}))(?::[0-9]{{1,5}})?(?:{_TAIL}|{_BEHIND_HOST})"
    allowed = rf"(?P<allowed>\]\((?={url}\))|(?<!\w){url})"
    return (
        re.compile(rf"{allowed}|(?x:{_BEGINNINGS})"),
        re.compile(rf"(?:\]\(?|(?:\]\()?\b[Hh][!-~]{{0,{_MOST_URL + 300}}}|{_UNDECIDED})\Z"),
    )
