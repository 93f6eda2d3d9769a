"""Word documents through kreuzberg, with a page for each explicit page break. Called by `file.parse_file`."""

import re

from kreuzberg import KreuzbergError, extract_bytes_sync

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import unpadded
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.web import CONFIG

STARS = re.compile(r"\\\*\\\*")  # kreuzberg escapes the bold marks that it sets itself in table cells
MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def parse(source: Source) -> ParsedDocument:
    try:
        result = extract_bytes_sync(source.content, MIME, config=CONFIG)
    except KreuzbergError as error:
        raise DocumentRejected(DAMAGED) from error
    texts = [page["content"] for page in result.pages or ()]
    if len(texts) < 2:  # kreuzberg repeats merged cells here, but not in pages
        texts = [result.content]
    pages = tuple(ParsedPage(number=number, text=_tidy(text)) for number, text in enumerate(texts, 1))
    stated = result.metadata.get("title")
    title = choose_title(source.name, stated, pages)
    return ParsedDocument(title=title, pages=pages, page_kind="page" if len(pages) > 1 else "section")


def _tidy(markdown: str) -> str:
    """Links keep their addresses: a document has few, and they are meant to be followed."""
    return unpadded(STARS.sub("**", markdown))
