"""The binary structures of a Word 97–2003 document: paragraphs and their styles. Read by `word97`.

Offsets and names are those of Microsoft's MS-DOC.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

FLAGS, ENCRYPTED, TABLE_1 = 0x0A, 0x0100, 0x0200
STORIES = 0x4C  # lengths of the main text, footnotes, headers, macros, comments, endnotes, text boxes
READ_STORIES = (0, 1, 5, 6)
PARAGRAPH_PAGES, CLX = 0x102, 0x1A2  # where in the table stream, and how long
COMPRESSED = 0x40000000
PAGE = 512
MARKS = "\r\x07\x0c"  # ends of paragraphs, of cells and rows, of pages and sections
TO_MARK = re.compile(f"[^{MARKS}]*[{MARKS}]|[^{MARKS}]+")


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    text: str  # with its mark at the end: \r, or \x07 for a cell or a row
    style: int  # 1 to 9 are the headings


@dataclass(frozen=True, kw_only=True)
class _Piece:
    start: int  # in characters of the document
    end: int
    offset: int  # in bytes of the stream
    width: int  # bytes of a character

    def text(self, stream: bytes) -> str:
        content = stream[self.offset : self.offset + (self.end - self.start) * self.width]
        return content.decode("cp1252" if self.width == 1 else "utf-16-le", "replace")


def is_encrypted(stream: bytes) -> bool:
    return bool(struct.unpack_from("<H", stream, FLAGS)[0] & ENCRYPTED)


def table_name(stream: bytes) -> str:
    return "1Table" if struct.unpack_from("<H", stream, FLAGS)[0] & TABLE_1 else "0Table"


def paragraphs(stream: bytes, table: bytes) -> Iterator[Paragraph]:
    """Of the text, the footnotes and endnotes, and the text boxes; not of headers and comments.

    `struct.error` for a broken file.
    """
    pieces = list(_pieces(stream, table))
    styles = _Styles(stream, table)
    lengths = struct.unpack_from("<7i", stream, STORIES)
    wanted = [range(sum(lengths[:at]), sum(lengths[: at + 1])) for at in READ_STORIES]
    pending = ""
    for piece in pieces:
        for match in TO_MARK.finditer(piece.text(stream)):
            pending += match[0]
            if match[0][-1] in MARKS:
                last = match.end() - 1
                if any(piece.start + last in story for story in wanted):
                    yield Paragraph(text=pending, style=styles.at(piece.offset + last * piece.width))
                pending = ""


def _pieces(stream: bytes, table: bytes) -> Iterator[_Piece]:
    at, _ = struct.unpack_from("<II", stream, CLX)
    while table[at] == 1:  # formatting that the pieces refer to
        at += 3 + int(struct.unpack_from("<H", table, at + 1)[0])
    (length,) = struct.unpack_from("<I", table, at + 1)
    count = (length - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", table, at + 5)
    for number in range(count):
        (place,) = struct.unpack_from("<I", table, at + 5 + (count + 1) * 4 + number * 8 + 2)
        width = 1 if place & COMPRESSED else 2
        offset = (place & ~COMPRESSED) // 2 if width == 1 else place
        yield _Piece(start=bounds[number], end=bounds[number + 1], offset=offset, width=width)


class _Styles:
    """Which style the paragraph has that ends at a byte of the stream."""

    def __init__(self, stream: bytes, table: bytes) -> None:
        at, length = struct.unpack_from("<II", stream, PARAGRAPH_PAGES)
        count = (length - 4) // 8
        self._runs: list[tuple[int, int]] = []
        for number in range(count):
            (page,) = struct.unpack_from("<I", table, at + (count + 1) * 4 + number * 4)
            self._runs += _runs(stream[(page & 0x3FFFFF) * PAGE :][:PAGE])
        self._runs.sort()

    def at(self, offset: int) -> int:
        found = bisect_right(self._runs, (offset, 0xFFFF)) - 1
        return self._runs[found][1] if found >= 0 else 0


def _runs(page: bytes) -> Iterator[tuple[int, int]]:
    """(first byte, style) of the paragraphs that one page of properties describes."""
    count = page[-1]
    starts = struct.unpack_from(f"<{count}I", page)
    for number, start in enumerate(starts):
        at = page[(count + 1) * 4 + number * 13] * 2
        if at:
            at += 1 if page[at] else 2
            yield start, int(struct.unpack_from("<H", page, at)[0])
        else:
            yield start, 0
