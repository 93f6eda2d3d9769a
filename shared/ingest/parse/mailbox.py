"""Mailboxes (mbox): a page per message, its subject the label. Called by `file.parse_file`."""

import email
import re
from collections.abc import Iterator

from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.parse import mail
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

# A line that says who sent the next message, and when, in front of its head.
START = re.compile(rb"(?:\A|(?<=\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[!-9;-~]+:)")
QUOTED_START = re.compile(rb"^>(>*From )", re.M)


def parse(source: Source) -> ParsedDocument:
    pages = tuple(_pages(source.content))
    return ParsedDocument(title=choose_title(source.name, None), pages=pages, page_kind="section")


def _pages(content: bytes) -> Iterator[ParsedPage]:
    for number, message in enumerate(START.split(content)[1:], 1):
        read = email.message_from_bytes(QUOTED_START.sub(rb"\1", message))
        yield mail.page(read, number)
