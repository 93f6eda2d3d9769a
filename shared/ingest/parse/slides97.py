"""PowerPoint 97–2003 presentations: a page per slide, in their order. Called by `file.parse_file`.

Record numbers are those of Microsoft's MS-PPT.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.compound import open_compound, stated_title
from shared.ingest.parse.kind import DAMAGED, PROTECTED
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

DOCUMENT, SLIDE, NOTES, MASTER = 0x03E8, 0x03EE, 0x03F0, 0x03F8
SLIDE_LIST, SLIDE_ENTRY, NOTES_ATOM = 0x0FF0, 0x03F3, 0x03F1
TEXT_TYPE, TEXT_WIDE, TEXT_NARROW = 0x0F9F, 0x0FA0, 0x0FA8
USER_EDIT, DIRECTORY = 0x0FF5, 0x1772
TITLES, NOTES_BODY, OTHER = (0, 6), 2, 4  # kinds of text
CONTAINER = 15
ENCRYPTED_EDIT = 32  # bytes of a UserEditAtom that refers to a key; 28 without
MAX_EDITS = 10_000
MAX_DEPTH = 40
FIELD = "*"  # stands for a date or a slide's number


@dataclass(frozen=True, kw_only=True)
class _Record:
    kind: int
    instance: int
    content: bytes
    is_container: bool


@dataclass(frozen=True, kw_only=True)
class _Slide:
    identifier: int
    texts: list[tuple[int, str]]  # kind, text


def parse(source: Source) -> ParsedDocument:
    with open_compound(source, DAMAGED) as compound:
        stream = compound.openstream("PowerPoint Document").read()
        offsets = _directory(stream, compound.openstream("Current User").read())
        pages = tuple(_pages(stream, offsets))
        title = choose_title(source.name, stated_title(compound), pages)
    return ParsedDocument(title=title, pages=pages, page_kind="slide")


def _directory(stream: bytes, current_user: bytes) -> dict[int, int]:
    """Where each object is, after the last of the edits that the file is made of."""
    (edit,) = struct.unpack_from("<I", current_user, 16)
    offsets: dict[int, int] = {}
    for _ in range(MAX_EDITS):
        atom = _record(stream, edit)
        if atom.kind != USER_EDIT:
            raise ValueError("no edit where one should be")
        if len(atom.content) >= ENCRYPTED_EDIT:
            raise DocumentRejected(PROTECTED)
        edit, place = struct.unpack_from("<II", atom.content, 8)
        for number, offset in _persisted(_record(stream, place).content):
            offsets.setdefault(number, offset)
        if not edit:
            break
    return offsets


def _persisted(content: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at + 4 <= len(content):
        (head,) = struct.unpack_from("<I", content, at)
        count = head >> 20
        for number, offset in enumerate(struct.unpack_from(f"<{count}I", content, at + 4)):
            yield (head & 0xFFFFF) + number, offset
        at += 4 + count * 4


def _record(stream: bytes, at: int) -> _Record:
    head, kind, length = struct.unpack_from("<HHI", stream, at)
    return _Record(
        kind=kind,
        instance=head >> 4,
        content=stream[at + 8 : at + 8 + length],
        is_container=head & 15 == CONTAINER,
    )


def _children(content: bytes) -> Iterator[_Record]:
    at = 0
    while at + 8 <= len(content):
        record = _record(content, at)
        yield record
        at += 8 + int(struct.unpack_from("<I", content, at + 4)[0])


def _pages(stream: bytes, offsets: dict[int, int]) -> Iterator[ParsedPage]:
    records = {number: _record(stream, offset) for number, offset in offsets.items()}
    document = next((record for record in records.values() if record.kind == DOCUMENT), None)
    if document is None:
        raise ValueError("no document among the objects")
    slides = list(_slides(document, records))
    if not any(slide.texts for slide in slides):  # what its masters show is all there is
        masters = (record for record in records.values() if record.kind == MASTER)
        texts = list(dict.fromkeys(text for master in masters for text in _texts(master.content)))
        slides = [_Slide(identifier=0, texts=texts)]
    notes = dict(_notes(records))
    for number, slide in enumerate(slides, 1):
        yield _page(number, slide.texts, notes.get(slide.identifier, ""))


def _slides(document: _Record, records: dict[int, _Record]) -> Iterator[_Slide]:
    """In their order; texts of placeholders stand in the list of slides, other texts in the slides."""
    lists = [part for part in _children(document.content) if part.kind == SLIDE_LIST and part.instance == 0]
    entries: list[tuple[int, int, list[_Record]]] = []
    for part in (part for slide_list in lists for part in _children(slide_list.content)):
        if part.kind == SLIDE_ENTRY:
            entry, _, _, identifier = struct.unpack_from("<4I", part.content)
            entries.append((entry, identifier, []))
        elif entries:
            entries[-1][2].append(part)
    for entry, identifier, outline in entries:
        slide = records.get(entry)
        drawn = _texts(slide.content) if slide is not None and slide.kind == SLIDE else iter(())
        yield _Slide(identifier=identifier, texts=[*_told(outline), *drawn])


def _notes(records: dict[int, _Record]) -> Iterator[tuple[int, str]]:
    """By the identifier of their slide."""
    for record in records.values():
        atoms = list(_children(record.content)) if record.kind == NOTES else []
        spoken = [text for kind, text in _texts(record.content) if kind == NOTES_BODY] if atoms else []
        if spoken and atoms[0].kind == NOTES_ATOM:
            yield int(struct.unpack_from("<I", atoms[0].content)[0]), "\n\n".join(spoken)


def _texts(content: bytes, depth: int = 0) -> Iterator[tuple[int, str]]:
    """(kind, text) of all shapes inside."""
    children = list(_children(content))
    yield from _told(children)
    if depth < MAX_DEPTH:
        for child in children:
            if child.is_container:
                yield from _texts(child.content, depth + 1)


def _told(records: list[_Record]) -> Iterator[tuple[int, str]]:
    kind = OTHER
    for record in records:
        if record.kind == TEXT_TYPE:
            (kind,) = struct.unpack_from("<I", record.content)
        elif record.kind in (TEXT_WIDE, TEXT_NARROW):
            encoding = "utf-16-le" if record.kind == TEXT_WIDE else "latin-1"
            text = record.content.decode(encoding, "replace").replace("\x0b", "\n").strip()
            if text and text != FIELD:
                yield kind, text


def _page(number: int, texts: list[tuple[int, str]], notes: str) -> ParsedPage:
    titles = [" ".join(text.split()) for kind, text in texts if kind in TITLES]
    label = titles[0] if titles else ""
    parts = [f"# {label}"] if label else []
    parts += titles[1:]
    for kind, text in texts:
        lines = text.split("\r")
        if kind not in TITLES:
            parts.append("\n".join(f"- {line}" for line in lines if line) if len(lines) > 1 else text)
    if notes:
        parts.append("Notes: " + notes.replace("\r", "\n"))
    return ParsedPage(number=number, text="\n\n".join(parts), label=label)
