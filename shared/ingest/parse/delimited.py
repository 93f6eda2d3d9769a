"""CSV and its kin: one page with one table. Called by `file.parse_file`."""

import csv

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title

DELIMITERS = ",;\t|"
SAMPLE_LINES = 50


def parse(text: str, source: Source) -> ParsedDocument:
    if len(text) > source.limits.max_text_chars:
        raise DocumentRejected("holds more text than can be indexed; split it into smaller files")
    csv.field_size_limit(source.limits.max_text_chars)
    lines = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=_delimiter(lines[:SAMPLE_LINES])))
    except csv.Error as error:
        raise DocumentRejected(f"is not a readable CSV file: {error}") from error
    page = ParsedPage(number=1, text=markdown_table(rows))
    return ParsedDocument(title=choose_title(source.name, None), pages=(page,), page_kind="section")


def _delimiter(lines: list[str]) -> str:
    """The one that gives most rows the same number of columns, and more than one."""
    if lines[0].lower().startswith("sep=") and len(lines[0]) == 5:  # Excel's own marker
        return lines.pop(0)[4]

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)

    return max(DELIMITERS, key=fit)
