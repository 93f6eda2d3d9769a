"""Writes the least that is a Word or PowerPoint file of 1997, for the tests of their parsers.

Offsets and record numbers are those of Microsoft's MS-DOC and MS-PPT.
"""

import struct

from tests.vectors.compound_files import compound_file

PAGE = 512
HEADING = "# "


def word(text: str, *, flags: int = 0) -> bytes:
    """Paragraphs by line; `# ` marks a heading, `|` ends a cell, `||` at the end of a line a row.

    ASCII is stored in eight bits a character, everything else in sixteen, as Word does it piece by piece.
    """
    lines = [line for line in text.strip("\n").split("\n") if line]
    styles = [1 if line.startswith(HEADING) else 0 for line in lines]
    marked = [line.removeprefix(HEADING).replace("|", "\x07") for line in lines]
    paragraphs = [line if line.endswith("\x07") else line + "\r" for line in marked]
    content, pieces, starts = b"", [], []
    begin = 2 * PAGE
    for paragraph in paragraphs:
        width = 1 if paragraph.isascii() else 2
        starts.append(begin + len(content))
        pieces.append((len(paragraph), (starts[-1] * 2 | 0x40000000) if width == 1 else starts[-1]))
        content += paragraph.encode("cp1252" if width == 1 else "utf-16-le")
    bounds = [sum(length for length, _ in pieces[:at]) for at in range(len(pieces) + 1)]
    plan = struct.pack(f"<{len(bounds)}I", *bounds)
    plan += b"".join(struct.pack("<HIH", 0, place, 0) for _, place in pieces)
    clx = b"\x02" + struct.pack("<I", len(plan)) + plan
    pages = struct.pack("<3I", begin, begin + len(content), 1)
    header = bytearray(PAGE)
    struct.pack_into("<HH", header, 0, 0xA5EC, 193)
    struct.pack_into("<H", header, 0x0A, 0x0200 | flags)
    struct.pack_into("<I", header, 0x4C, bounds[-1])
    struct.pack_into("<II", header, 0x102, len(clx), len(pages))
    struct.pack_into("<II", header, 0x1A2, 0, len(clx))
    stream = bytes(header) + _style_page(starts, begin + len(content), styles) + content
    return compound_file({"WordDocument": stream, "1Table": clx + pages})


def locked_word(text: str) -> bytes:
    return word(text, flags=0x0100)


def _style_page(starts: list[int], end: int, styles: list[int]) -> bytes:
    """Where each paragraph begins, and its style, as two bytes from the page's end backwards."""
    page = bytearray(PAGE)
    struct.pack_into(f"<{len(starts) + 1}I", page, 0, *starts, end)
    for number, style in enumerate(styles):
        at = PAGE - 8 - number * 4
        struct.pack_into("<BBH", page, at, 0, 1, style)
        page[(len(starts) + 1) * 4 + number * 13] = at // 2
    page[-1] = len(starts)
    return bytes(page)


def slides(text: str, *, edit_size: int = 28) -> bytes:
    """Slides parted by `---`: the first line is the title, what follows `Notes:` the notes."""
    objects: list[bytes] = []
    listed = b""
    for number, part in enumerate(text.strip().split("---"), 1):
        told, _, notes = part.strip().partition("Notes:")
        title, _, body = told.strip().partition("\n")
        listed += _record(0x03F3, struct.pack("<4I4x", len(objects) + 2, 0, 1, 255 + number))
        listed += _text(0, title)
        box = _record(0xF00D, _text(4, body.strip().replace("\n", "\r")), container=True)
        objects.append(_record(0x03EE, _record(0x03EF, bytes(24)) + box, container=True))
        if notes:
            owner = _record(0x03F1, struct.pack("<I4x", 255 + number))
            spoken = _record(0xF00D, _text(2, notes.strip()), container=True)
            objects.append(_record(0x03F0, owner + spoken, container=True))
    document = _record(0x03E8, _record(0x0FF0, listed, container=True), container=True)
    stream, offsets = b"", []
    for each in (document, *objects):
        offsets.append(len(stream))
        stream += each
    place = len(stream)
    stream += _record(0x1772, struct.pack(f"<{len(offsets) + 1}I", len(offsets) << 20 | 1, *offsets))
    edit = len(stream)
    stream += _record(0x0FF5, struct.pack("<4I", 0, 0, 0, place).ljust(edit_size, b"\0"))
    user = _record(0x0FF6, struct.pack("<3I", 20, 0xE391C05F, edit))
    return compound_file({"PowerPoint Document": stream, "Current User": user})


def locked_slides(text: str) -> bytes:
    return slides(text, edit_size=32)


def _text(kind: int, text: str) -> bytes:
    stored = _record(0x0FA8, text.encode()) if text.isascii() else _record(0x0FA0, text.encode("utf-16-le"))
    return _record(0x0F9F, struct.pack("<I", kind)) + stored


def _record(kind: int, content: bytes, *, container: bool = False) -> bytes:
    return struct.pack("<HHI", 15 if container else 0, kind, len(content)) + content
