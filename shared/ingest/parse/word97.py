"""Word 97–2003 documents: paragraphs, headings and tables, as one page. Called by `file.parse_file`.

Pages are not told: the file says where breaks are, not whether a break begins a page.
"""

import re
from collections.abc import Iterable, Iterator

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.compound import open_compound, stated_title
from shared.ingest.parse.kind import DAMAGED, PROTECTED
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.word97_file import Paragraph, is_encrypted, paragraphs, table_name

WORD_97 = 193  # nFib, the version of the format
TOO_OLD = "is a Word document of before 1997; save it as .docx"
# An instruction and, after \x14, what it shows; the innermost field first.
FIELD = re.compile(r"\x13[^\x13-\x15]*(?:\x14([^\x13-\x15]*))?\x15")
MAX_FIELD_DEPTH = 20
MARKS = str.maketrans({"\x0b": "\n", "\x1e": "-", "\x1f": None, "\x01": None, "\x02": None, "\x08": None})
CELL_END = "\x07"


def parse(source: Source) -> ParsedDocument:
    with open_compound(source, DAMAGED) as compound:
        stream = compound.openstream("WordDocument").read()
        if int.from_bytes(stream[2:4], "little") < WORD_97:
            raise DocumentRejected(TOO_OLD)
        if is_encrypted(stream):
            raise DocumentRejected(PROTECTED)
        table = compound.openstream(table_name(stream)).read()
        page = ParsedPage(number=1, text="\n\n".join(filter(None, _blocks(paragraphs(stream, table)))))
        title = choose_title(source.name, stated_title(compound), [page])
    return ParsedDocument(title=title, pages=(page,), page_kind="section")


def _blocks(found: Iterable[Paragraph]) -> Iterator[str]:
    cells = ""
    field = ""  # one may span paragraphs: a table of contents does
    for paragraph in found:
        text = field + paragraph.text
        field = ""
        if text.count("\x13") > text.count("\x15"):
            field = text
            continue
        text = _shown(text)
        if text.endswith(CELL_END) or (cells and not cells.endswith(CELL_END)):
            cells += text
            continue
        if cells:
            yield _table(cells)
            cells = ""
        words = text.translate(MARKS).strip()
        if words:
            yield "#" * min(paragraph.style, 6) + f" {words}" if 1 <= paragraph.style <= 9 else words
    yield _shown(field).translate(MARKS).strip()
    yield _table(cells)


def _shown(text: str) -> str:
    for _ in range(MAX_FIELD_DEPTH):
        text, count = FIELD.subn(lambda match: match[1] or "", text)
        if not count:
            break
    return re.sub("[\x13-\x15]", "", text)


def _table(cells: str) -> str:
    """Its rows end in an empty cell. Where rows differ in length, one row to a line is not recovered."""
    texts = [text.translate(MARKS) for text in cells.split(CELL_END)[:-1]]
    for width in range(1, len(texts)):
        if len(texts) % (width + 1) == 0 and not any(texts[width :: width + 1]):
            return markdown_table([texts[at : at + width] for at in range(0, len(texts), width + 1)])
    return "\n\n".join(text for text in texts if text.strip())
