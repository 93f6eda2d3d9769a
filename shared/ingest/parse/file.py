"""`parse_file`: any supported file to a `ParsedDocument`. Runs in a child of server.py, never in the host."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse import (
    archive,
    code,
    delimited,
    epub,
    image,
    mail,
    mailbox,
    markdown,
    markup,
    opendocument,
    outlook,
    pdf,
    plain,
    rtf,
    sheets,
    slides,
    slides97,
    structured,
    web,
    word,
    word97,
)
from shared.ingest.parse.kind import Kind, binary_kind, text_kind
from shared.ingest.parse.limits import MIB, ParseLimits
from shared.ingest.parse.scanned import ScannedDocument
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import clean, decode

BINARY_PARSERS: dict[Kind, Callable[[Source], ParsedDocument]] = {
    Kind.PDF: pdf.parse,
    Kind.IMAGE: image.parse,
    Kind.WORD: word.parse,
    Kind.SLIDES: slides.parse,
    Kind.SHEETS: sheets.parse,
    Kind.WORD97: word97.parse,
    Kind.SLIDES97: slides97.parse,
    Kind.OPENDOCUMENT: opendocument.parse,
    Kind.RTF: rtf.parse,
    Kind.EPUB: epub.parse,
    Kind.OUTLOOK: outlook.parse,
    Kind.MAILBOX: mailbox.parse,
    Kind.ARCHIVE: lambda source: archive.parse(source, read),
}
WORD = re.compile(r"[^\W_]")
TOO_DEEP = "is nested deeper than can be read; flatten it, or upload what it carries by itself"
TEXT_PARSERS: dict[Kind, Callable[[str, Source], ParsedDocument]] = {
    Kind.HTML: web.parse,
    Kind.MARKDOWN: markdown.parse,
    Kind.PLAIN: plain.parse,
    Kind.CSV: delimited.parse,
    Kind.JSON: structured.parse,
    Kind.XML: markup.parse,
    Kind.CODE: code.parse,
    Kind.EMAIL: mail.parse,
}


def parse_file(path: Path, name: str, limits: ParseLimits) -> ParsedDocument:
    """Pages of clean Markdown, numbered as in the file; a page without text keeps its number.

    `DocumentRejected` when nothing can be read, with a reason for people.
    """
    if path.stat().st_size > limits.max_file_bytes:
        raise DocumentRejected(
            f"is larger than {limits.max_file_bytes // MIB} MiB; split it into smaller files"
        )
    return read(Source(file=path, name=name, limits=limits))


def read(source: Source) -> ParsedDocument:
    """As `parse_file`, also of what is in an archive."""
    if not source.head:
        raise DocumentRejected("is empty")
    try:
        document, kind = _parsed(source)
    except RecursionError as error:  # messages in messages, elements in elements
        raise DocumentRejected(TOO_DEEP) from error
    return _checked(document, kind, source.limits)


def _parsed(source: Source) -> tuple[ParsedDocument, Kind]:
    kind = binary_kind(source)
    if kind is not None:
        return BINARY_PARSERS[kind](source), kind
    text = decode(source.content, declared=web.declared_charset(source.content))
    if not text.strip("\ufeff\0 \t\r\n\f"):
        raise DocumentRejected("is empty")
    kind = text_kind(text, source)
    return TEXT_PARSERS[kind](text, source), kind


def _checked(document: ParsedDocument, kind: Kind, limits: ParseLimits) -> ParsedDocument:
    if len(document.pages) > limits.max_pages:
        raise DocumentRejected(f"has more than {limits.max_pages} pages; split it into smaller files")
    if sum(len(page.text) for page in document.pages) > limits.max_text_chars:
        raise DocumentRejected("holds more text than can be indexed; split it into smaller files")
    pages = tuple(replace(page, text=clean(page.text), label=clean(page.label)) for page in document.pages)
    has_text = any(WORD.search(page.text) for page in pages)
    if not has_text and not isinstance(document, ScannedDocument):
        raise DocumentRejected(f"is {kind.with_article} without any text")
    return replace(document, title=clean(document.title), pages=pages)
