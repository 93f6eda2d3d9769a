"""How the pool, its fork server and the children speak. Used by those three.

A job is two socket pairs whose far ends the pool hands to the server. On the *channel* the pool sends
a request and the child answers; on the *lifeline* the server reports how the child ended, and the pool,
by closing it, asks for the child's death. Answers are JSON, never pickles: a child that a hostile
file has taken over can lie about its document and nothing else.
"""

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import get_args

from shared.domain import PageKind, ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.scanned import Scan, ScannedDocument
from shared.ingest.parse.tesseract import Tesseract

REQUEST = struct.Struct("<I")  # length of the JSON that follows
ENDING = struct.Struct("<iQ?")  # wait status, peak resident bytes, whether the wall clock ran out


class ExitCode(IntEnum):
    ANSWERED = 0
    PARSER_FAILED = 1  # an exception that the parser did not foresee
    OUT_OF_MEMORY = 2


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a child ended, as its server saw it."""

    status: int  # as `os.waitpid` gives it
    peak_bytes: int
    out_of_time: bool

    def pack(self) -> bytes:
        return ENDING.pack(self.status, self.peak_bytes, self.out_of_time)

    @classmethod
    def unpack(cls, data: bytes) -> "Ending":
        status, peak_bytes, out_of_time = ENDING.unpack(data)
        return cls(status=status, peak_bytes=peak_bytes, out_of_time=out_of_time)


def pack_request(path: Path, name: str, scan: Scan | None = None) -> bytes:
    """With `scan`: read this one page by OCR."""
    request = {"path": str(path), "name": name, "scan": asdict(scan) if scan else None}
    body = json.dumps(request).encode()
    return REQUEST.pack(len(body)) + body


def unpack_request(body: bytes) -> tuple[Path, str, Scan | None]:
    request = json.loads(body)
    scan = request["scan"]
    if scan is not None:
        scan = Scan(page=scan["page"], tesseract=Tesseract(**scan["tesseract"]))
    return Path(request["path"]), request["name"], scan


def pack_document(document: ParsedDocument) -> bytes:
    return json.dumps({"document": asdict(document)}, ensure_ascii=False).encode()


def pack_rejection(reason: str) -> bytes:
    return json.dumps({"rejected": reason}).encode()


def unpack_answer(answer: bytes) -> ParsedDocument:
    """`DocumentRejected` with the child's reason; `ValueError`, `KeyError`, `TypeError` for nonsense."""
    message = json.loads(answer)
    if "rejected" in message:
        raise DocumentRejected(str(message["rejected"]))
    document = message["document"]
    if document["page_kind"] not in get_args(PageKind):
        raise ValueError("unknown page kind")
    pages = tuple(
        ParsedPage(number=int(page["number"]), text=str(page["text"]), label=str(page["label"]))
        for page in document["pages"]
    )
    title, kind = str(document["title"]), document["page_kind"]
    if "scans" in document:
        scans = tuple(int(number) for number in document["scans"])
        return ScannedDocument(title=title, pages=pages, page_kind=kind, scans=scans)
    return ParsedDocument(title=title, pages=pages, page_kind=kind)
