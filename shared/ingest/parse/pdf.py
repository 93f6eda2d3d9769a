"""PDF text through pdfium, page by page. `pdf_layout` makes Markdown of it. Called by `file.parse_file`.

Pages without text on which words may be drawn are scans: `ocr` has them rendered by `picture`.
"""

import ctypes
import math
import re

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED, PROTECTED
from shared.ingest.parse.pdf_layout import to_markdown
from shared.ingest.parse.pdf_table import Cell, Line
from shared.ingest.parse.scanned import ScannedDocument
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

LINE = re.compile(r"[^\r\n]+")
WORD = re.compile(r"\S+")
MAX_TABLE_PAGES = 2_000  # above, tables stay lines: their search would use up the CPU limit
CELL_GAP = 0.9  # between words, by the height of a line, from which on they are cells of a table
DPI = 300  # what tesseract reads best
LEGIBLE = 3_000  # pixels of the longer side; a letter that was saved as a small page is rendered larger
MAX_PIXELS = 32_000_000  # of a rendered page: a poster is rendered smaller
OUTLINED = 100  # segments of paths, above which they may be letters: an outlined one takes 10 to 30
# Asked twice for each word: without declared argument types, which ctypes would check, in 0.3 µs and not 0.9.
loose_char_box = ctypes.CFUNCTYPE(ctypes.c_int)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)
NOWHERE = raw.FS_RECTF()


def parse(source: Source) -> ParsedDocument:
    document = _open(source)
    try:
        count = len(document)
        if count == 0:
            raise DocumentRejected(DAMAGED)
        if count > source.limits.max_pages:
            raise DocumentRejected(f"has {count} pages, more than {source.limits.max_pages}; split it up")
        lines = [_lines(document, index, finds_tables=count <= MAX_TABLE_PAGES) for index in range(count)]
        scans = tuple(n for n, page in enumerate(lines, 1) if not page and _is_pictured(document, n - 1))
        if not any(lines) and not scans:
            raise DocumentRejected("is a PDF without any text")
        stated = document.get_metadata_value("Title")
    finally:
        document.close()
    texts = to_markdown(lines)
    pages = tuple(ParsedPage(number=number, text=text) for number, text in enumerate(texts, 1))
    title = choose_title(source.name, stated, pages)
    if scans:
        return ScannedDocument(title=title, pages=pages, page_kind="page", scans=scans)
    return ParsedDocument(title=title, pages=pages, page_kind="page")


def picture(source: Source, page: int) -> Image.Image:
    """A page in grey. `DocumentRejected` for one that pdfium cannot draw."""
    document = _open(source)
    try:
        drawn = document[page - 1]
        width, height = drawn.get_size()
        wanted = min(max(DPI / 72, LEGIBLE / max(width, height)), 2 * DPI / 72)
        scale = min(wanted, math.sqrt(MAX_PIXELS / (width * height)))
        grey: Image.Image = drawn.render(scale=scale, grayscale=True).to_pil()
        return grey.copy()  # pdfium's own pixels go with the document
    except (pypdfium2.PdfiumError, ZeroDivisionError) as error:
        raise DocumentRejected(DAMAGED) from error
    finally:
        document.close()


def _open(source: Source) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source.file)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentRejected(PROTECTED) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise DocumentRejected("is protected by a method that cannot be opened") from error
        raise DocumentRejected(DAMAGED) from error


def _lines(document: pypdfium2.PdfDocument, index: int, *, finds_tables: bool) -> list[Line]:
    """Of one page; none for a page that pdfium cannot load: the others are worth having."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return []
    text_page = page.get_textpage()
    text = text_page.get_text_range()
    boxes = _Boxes(text_page, len(text))
    line_of = boxes.line if finds_tables else boxes.line_as_one_cell
    lines = [line_of(text, match) for match in LINE.finditer(text) if not match[0].isspace()]
    text_page.close()
    page.close()
    return lines


class _Boxes:
    """Where the characters of a page stand."""

    def __init__(self, text_page: pypdfium2.PdfTextPage, length: int) -> None:
        self._text_page = text_page.raw
        self._address = ctypes.cast(text_page.raw, ctypes.c_void_p)
        self._is_mapped = text_page.count_chars() != length  # the text leaves characters of the page out
        self._box = raw.FS_RECTF()
        self._reference = ctypes.byref(self._box)

    def line(self, text: str, match: re.Match[str]) -> Line:
        cells: list[Cell] = []
        height = cell_left = cell_right = 0.0
        cell_start = cell_end = -1
        for word in WORD.finditer(text, match.start(), match.end()):
            start, end = word.span()
            box = self._place(start)
            left = box.left
            if cell_start < 0:
                cell_start, cell_left, height = start, left, box.top - box.bottom
            elif left - cell_right > CELL_GAP * height:
                cells.append(Cell(left=cell_left, right=cell_right, text=text[cell_start:cell_end]))
                cell_start, cell_left = start, left
            cell_end = end
            cell_right = (box if end - start == 1 else self._place(end - 1)).right
        cells.append(Cell(left=cell_left, right=cell_right, text=text[cell_start:cell_end]))
        return Line(height=round(height, 1), cells=tuple(cells))

    def line_as_one_cell(self, text: str, match: re.Match[str]) -> Line:
        """Quicker: the size of the first letter is all that is looked up."""
        line = match[0].strip()
        box = self._place(text.index(line, match.start()))
        height = round(box.top - box.bottom, 1)
        return Line(height=height, cells=(Cell(left=box.left, right=box.right, text=line),))

    def _place(self, offset: int) -> raw.FS_RECTF:
        """In points, independent of the glyph's shape; zeros if unknown. The next call overwrites it."""
        index = raw.FPDFText_GetCharIndexFromTextIndex(self._text_page, offset) if self._is_mapped else offset
        if index < 0 or not loose_char_box(self._address, index, self._reference):
            return NOWHERE
        return self._box


def _is_pictured(document: pypdfium2.PdfDocument, index: int) -> bool:
    """Whether there may be words in what is drawn: in an image, in glyphs without a text, in outlines."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return False
    try:
        segments = 0
        for drawn in page.get_objects():
            if drawn.type in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_TEXT):
                return True
            if drawn.type == raw.FPDF_PAGEOBJ_PATH:
                segments += raw.FPDFPath_CountSegments(drawn.raw)
            if segments >= OUTLINED:
                return True
    finally:
        page.close()
    return False
