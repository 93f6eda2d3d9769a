"""E-mail through the standard library: one page with its head, its text and its attachments' names.

Called by `file.parse_file`. Attachments are named, not read; a forwarded message is read with its carrier.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import decode
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.web import to_markdown

FIELDS = ("From", "To", "Cc", "Date")
ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
ENCRYPTED_MESSAGE = "is an encrypted message; upload a decrypted copy"
MAX_NESTING = 5
QUOTE = re.compile(r"^(> ?)+", re.M)


def parse(text: str, source: Source) -> ParsedDocument:
    # Wide encodings hold no octets that a mail could declare a charset for: their text is all there is.
    is_wide = b"\0" in source.content[:64]
    message = email.message_from_string(text) if is_wide else email.message_from_bytes(source.content)
    if message.get_content_type() in ENCRYPTED:
        raise DocumentRejected(ENCRYPTED_MESSAGE)
    title = choose_title(source.name, _field(message, "Subject"))
    return ParsedDocument(title=title, pages=(replace(page(message, 1), label=""),), page_kind="section")


def page(message: Message, number: int) -> ParsedPage:
    """Its subject is the label. What is encrypted in it is left out."""
    text = "\n\n".join(_parts(message, 1))
    return ParsedPage(number=number, text=text, label=_field(message, "Subject"))


def _parts(message: Message, level: int) -> Iterator[str]:
    subject = _field(message, "Subject")
    if subject:
        yield "#" * level + " " + subject
    head = [f"{name}: {value}" for name in FIELDS if (value := _field(message, name))]
    yield "  \n".join(head)
    bodies: list[tuple[str, str]] = []
    attachments: list[str] = []
    carried: list[Message] = []
    for part in _leaves(message):
        name = _decoded(part.get_filename() or "")
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            carried += [inner for inner in part.get_payload() if isinstance(inner, Message)]
        elif name or part.get_content_disposition() == "attachment":
            attachments.append(name or part.get_content_type())
        elif part.get_content_maintype() == "text":
            bodies.append((part.get_content_type(), _content(part)))
    yield from _body(bodies)
    if attachments:
        yield "Attachments: " + ", ".join(attachments)
    for inner in carried if level < MAX_NESTING else ():
        yield from _parts(inner, level + 1)


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that hold content; a carried message counts as one."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _leaves(part)


def _body(bodies: list[tuple[str, str]]) -> Iterator[str]:
    """The plain texts; the HTML ones where those say nothing."""
    plain = [text for kind, text in bodies if kind != "text/html" and text.strip()]
    if plain:
        yield from plain
    else:
        yield from (to_markdown(text) for kind, text in bodies if kind == "text/html" and text.strip())


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = decode(payload, declared=part.get_content_charset())
    except DocumentRejected:  # mislabelled binary: the rest of the message is worth having
        return ""
    return QUOTE.sub("", text)


def _field(message: Message, name: str) -> str:
    return " ".join(_decoded(str(message.get(name, ""))).split())


def _decoded(value: str) -> str:
    """Encoded words as what they mean; a broken one stays as it is."""
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        decode(piece, declared=charset) if isinstance(piece, bytes) and piece else str(piece or "")
        for piece, charset in pieces
    )
