"""A document's title: what it says itself, its first heading, or its file name. Called by the parsers."""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePosixPath

from shared.domain import ParsedPage

MAX_TITLE = 200
FIRST_HEADING = re.compile(r"^#{1,3}[ \t]+(\S.*)", re.M)
NO_TITLE = re.compile(
    r"microsoft (word|powerpoint|excel)\b.*|powerpoint[- ]presentation|untitled.*|unbenannt.*|sin t[ií]tulo.*"
    r"|[-–\s]*no title.*|title|(table of )?contents|inhalt(sverzeichnis)?|default"
    r"|(document|dokument|presentation|slide|sheet|page|book|mappe)\s*\d*"
    r"|.*\.(docx?|pptx?|xlsx?|odt|rtf|indd|qxd|dvi|tex|pdf|txt|html?|eps|ps)|[\W\d_]*|.{1,2}|.*(\?{3}|\ufffd).*",
    re.I | re.S,
)
MARKUP = re.compile(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}|!?\[([^\]]*)\]\([^)]*\)")


def choose_title(name: str, stated: str | None, pages: Iterable[ParsedPage] = ()) -> str:
    """`stated` is what the file's metadata says; it counts unless it is a program's filler."""
    first = next((page.text for page in pages if page.text.strip()), "")
    headings = (match[1] for match in FIRST_HEADING.finditer(first))
    for candidate in (stated or "", *islice(headings, 3)):
        title = _tidy(candidate)
        if not NO_TITLE.fullmatch(title):
            return title
    return _tidy(re.sub(r"[_\s-]+", " ", PurePosixPath(name).stem)) or "Untitled"


def _tidy(text: str) -> str:
    plain = MARKUP.sub(lambda match: match[1] or match[2] or "", text[: MAX_TITLE * 5])
    return " ".join(plain.split()).rstrip(" #")[:MAX_TITLE].strip()
