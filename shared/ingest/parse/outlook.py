"""Outlook messages (.msg): one page with its head, its text and its attachments' names, as `mail` makes it.

Called by `file.parse_file`. Property numbers are those of Microsoft's MS-OXPROPS. A message attached to
this one is read with it; other attachments are named.
"""

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.compound import CompoundFile, open_compound
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.mail import ENCRYPTED_MESSAGE, MAX_NESTING
from shared.ingest.parse.outlook_rtf import unpack_rtf
from shared.ingest.parse.rtf import RtfReader
from shared.ingest.parse.rtf_fonts import code_page
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import decode
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.web import declared_charset, to_markdown

SUBJECT, CLASS, BODY, HTML, RTF = "0037", "001A", "1000", "1013", "1009"
SENDER_NAME, SENDER_ADDRESSES = "0C1A", ("5D01", "0C1F")
TO, CC = "0E04", "0E03"
FILE_NAMES, ATTACHED_MESSAGE, MIME_TYPE = ("3707", "3704", "3001"), "3701000D", "370E"
SENT, RECEIVED, CODE_PAGES = 0x0039, 0x0E06, (0x3FFD, 0x3FDE)
PROPERTIES = "__properties_version1.0"
ENCRYPTED_TYPES = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)


def parse(source: Source) -> ParsedDocument:
    with open_compound(source, DAMAGED) as compound:
        message = _Message(compound=compound, path=())
        if message.is_encrypted():
            raise DocumentRejected(ENCRYPTED_MESSAGE)
        page = ParsedPage(number=1, text="\n\n".join(part for part in _parts(message, 1) if part))
        title = choose_title(source.name, message.text(SUBJECT))
    return ParsedDocument(title=title, pages=(page,), page_kind="section")


@dataclass(frozen=True, kw_only=True)
class _Message:
    """A storage of the file: the message, an attachment, or a message attached."""

    compound: CompoundFile
    path: tuple[str, ...]

    def text(self, *names: str) -> str:
        """The first of these properties that says something."""
        for name in names:
            if wide := self.stream(f"__substg1.0_{name}001F"):
                return wide.decode("utf-16-le", "replace").rstrip("\0").strip()
            if narrow := self.stream(f"__substg1.0_{name}001E"):
                return decode(narrow.rstrip(b"\0"), declared=self.code_page()).strip()
        return ""

    def stream(self, name: str) -> bytes:
        path = [*self.path, name]
        return self.compound.openstream(path).read() if self.compound.exists(path) else b""

    def number(self, *tags: int) -> int:
        """The first of these fixed-size properties; 0 for none."""
        found = {}
        content = self.stream(PROPERTIES)
        # The head of the stream is 32 bytes for a message, 24 for one attached, 8 for attachments.
        for at in range(len(content) % 16 or 32, len(content) - 15, 16):
            tag, value = struct.unpack_from("<I4xQ", content, at)
            found[tag >> 16] = value
        return next((found[tag] for tag in tags if tag in found), 0)

    def code_page(self) -> str | None:
        page = _Message(compound=self.compound, path=()).number(*CODE_PAGES) & 0xFFFFFFFF
        return code_page(page) if page else None

    def attachments(self) -> list["_Message"]:
        depth = len(self.path)
        entries = self.compound.listdir(streams=False, storages=True)
        return [
            _Message(compound=self.compound, path=tuple(entry))
            for entry in sorted(entries)
            if len(entry) == depth + 1
            and tuple(entry[:depth]) == self.path
            and entry[depth].startswith("__attach_version1.0_")
        ]

    def is_encrypted(self) -> bool:
        kind = self.text(CLASS).upper()
        if kind.startswith("IPM.NOTE.SMIME") and not kind.endswith("MULTIPARTSIGNED"):
            return True
        return any(part.text(MIME_TYPE).lower() in ENCRYPTED_TYPES for part in self.attachments())


def _parts(message: _Message, level: int) -> Iterator[str]:
    subject = message.text(SUBJECT)
    if subject:
        yield "#" * level + " " + " ".join(subject.split())
    name, address = message.text(SENDER_NAME), message.text(*SENDER_ADDRESSES)
    sender = f"{name} <{address}>" if "@" in address and address not in name else name or address
    head = {"From": sender, "To": message.text(TO), "Cc": message.text(CC), "Date": _date(message)}
    yield "  \n".join(f"{field}: {value}" for field, value in head.items() if value)
    yield _body(message)
    attached = message.attachments()
    names = [name for part in attached if (name := part.text(*FILE_NAMES))]
    if names:
        yield "Attachments: " + ", ".join(names)
    for part in attached if level < MAX_NESTING else ():
        path = (*part.path, f"__substg1.0_{ATTACHED_MESSAGE}")
        if message.compound.exists(list(path)):
            yield from _parts(_Message(compound=message.compound, path=path), level + 1)


def _date(message: _Message) -> str:
    """In hundreds of nanoseconds since 1601."""
    stamp = message.number(SENT, RECEIVED)
    try:
        return (EPOCH + dt.timedelta(microseconds=stamp // 10)).isoformat(" ", "minutes") if stamp else ""
    except OverflowError:
        return ""


def _body(message: _Message) -> str:
    """The plain text; else the HTML; else the RTF, which Outlook packs."""
    if plain := message.text(BODY):
        return plain
    if page := message.stream(f"__substg1.0_{HTML}0102"):
        return to_markdown(decode(page, declared=declared_charset(page) or message.code_page()))
    if text := message.text(HTML):
        return to_markdown(text)
    if packed := message.stream(f"__substg1.0_{RTF}0102"):
        reader = RtfReader()
        reader.read(unpack_rtf(packed))
        return "\n\n".join(block for blocks in reader.blocks.pages for block in blocks)
    return ""
