"""PDF text through pdfium, page by page. `pdf_layout` makes Markdown of it. Called by `file.parse_file`."""

import ctypes
import re

import pypdfium2
from pypdfium2 import raw

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED, PROTECTED
from shared.ingest.parse.pdf_layout import Line, to_markdown
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

LINE = re.compile(r"[^\r\n]+")
NO_TEXT = "has no text layer: it looks scanned; run text recognition (OCR) on it and upload the result"


def parse(source: Source) -> ParsedDocument:
    document = _open(source)
    try:
        count = len(document)
        if count == 0:
            raise DocumentRejected(DAMAGED)
        if count > source.limits.max_pages:
            raise DocumentRejected(f"has {count} pages, more than {source.limits.max_pages}; split it up")
        lines = [_lines(document, index) for index in range(count)]
        if not any(lines):
            raise DocumentRejected(NO_TEXT if _has_image(document) else "is a PDF without any text")
        stated = document.get_metadata_value("Title")
    finally:
        document.close()
    texts = to_markdown(lines)
    pages = tuple(ParsedPage(number=number, text=text) for number, text in enumerate(texts, 1))
    return ParsedDocument(title=choose_title(source.name, stated, pages), pages=pages, page_kind="page")


def _open(source: Source) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source.path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentRejected(PROTECTED) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise DocumentRejected("is protected by a method that cannot be opened") from error
        raise DocumentRejected(DAMAGED) from error


def _lines(document: pypdfium2.PdfDocument, index: int) -> list[Line]:
    """Of one page; none for a page that pdfium cannot load: the others are worth having."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return []
    text_page = page.get_textpage()
    text = text_page.get_text_range()
    lines = [
        Line(text=match[0].strip(), height=_height(text_page, match.start() + _indent(match[0])))
        for match in LINE.finditer(text)
        if match[0].strip()
    ]
    text_page.close()
    page.close()
    return lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _height(text_page: pypdfium2.PdfTextPage, offset: int) -> float:
    """Of the character at `offset` in the page's text, in points: its font's size, whatever the scaling."""
    box = raw.FS_RECTF()
    index = raw.FPDFText_GetCharIndexFromTextIndex(text_page, offset)
    if index < 0 or not raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
        return 0.0
    return round(float(abs(box.top - box.bottom)), 1)


def _has_image(document: pypdfium2.PdfDocument) -> bool:
    for index in range(min(len(document), 5)):
        try:
            page = document[index]
        except pypdfium2.PdfiumError:
            continue
        if next(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3), None) is not None:
            return True
    return False
