"""Markdown: one page as it stands, without its front matter. Called by `file.parse_file`."""

import re

from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.S)
FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*\r?$", re.M)
UNDERLINED = re.compile(r"^(?![-=|>#\s])([^\n]{1,200}\S)[ \t]*\n(=+|-{2,})[ \t]*$", re.M)


def parse(text: str, source: Source) -> ParsedDocument:
    front = FRONT_MATTER.match(text)
    stated = FRONT_TITLE.search(front[1]) if front else None
    body = text[front.end() :] if front else text
    page = ParsedPage(number=1, text=hash_headings(body.replace("\r\n", "\n")))
    title = choose_title(source.name, stated[1] if stated else None, [page])
    return ParsedDocument(title=title, pages=(page,), page_kind="section")


def hash_headings(text: str) -> str:
    """Underlined headings as `#` and `##`, the one form that the chunker reads."""
    return UNDERLINED.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1]}", text)
