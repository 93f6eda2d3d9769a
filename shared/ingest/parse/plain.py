"""Plain text. Form feeds, where there are any, part its pages. Called by `file.parse_file`."""

from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title


def parse(text: str, source: Source) -> ParsedDocument:
    sheets = text.rstrip("\f\r\n ").split("\f")
    pages = tuple(ParsedPage(number=number, text=sheet) for number, sheet in enumerate(sheets, 1))
    return ParsedDocument(
        title=choose_title(source.name, None), pages=pages, page_kind="page" if len(pages) > 1 else "section"
    )
