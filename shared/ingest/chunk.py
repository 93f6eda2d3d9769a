"""Cuts the pages of a parsed document into chunks. Called by `ingest.pipeline`.

A chunk never crosses a page. Sections (a heading and what follows it) stay apart while they are big
enough to be found alone; small neighbours share a chunk. Sizes are characters: 900 of them are about
the 256 tokens that a small embedder reads.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from semantic_text_splitter import MarkdownSplitter

from shared.domain import Chunk, ParsedDocument

HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
MAX_HEADING = 200
FENCE = re.compile(r"\s{0,3}(```|~~~)")
TABLE_RULE = re.compile(r"[|: \t]*-[-|: \t]*$")
WORD = re.compile(r"[^\W_]")
HEADING_SEPARATOR = " › "


@dataclass(frozen=True, kw_only=True)
class _Passage:
    heading: str  # above the passage; headings inside it are in its text
    text: str


@dataclass(frozen=True, kw_only=True)
class _Block:
    kind: str  # heading, table, code or text
    text: str


def chunk(
    document: ParsedDocument,
    *,
    document_id: str,
    version: int,
    max_chars: int = 900,
    overlap: int = 120,
) -> list[Chunk]:
    """In reading order, none longer than `max_chars`, the same for the same input.

    `overlap` is what neighbours cut from one run of prose share at most. Headings above a passage carry over
    from page to page; the document's title is not repeated among them.
    """
    cutter = _Cutter(max_chars, overlap)
    outline: dict[int, str] = {}
    passages = (
        (page.number, passage)
        for page in document.pages
        for passage in _merged(_sections(page.text, outline, document.title, cutter), max_chars)
    )
    return [
        Chunk(
            id=f"{document_id}.{version}.{ordinal}",
            document_id=document_id,
            version=version,
            ordinal=ordinal,
            page=page,
            title=document.title,
            heading=passage.heading,
            content=passage.text,
        )
        for ordinal, (page, passage) in enumerate(passages)
    ]


def _sections(text: str, outline: dict[int, str], title: str, cutter: "_Cutter") -> Iterator[_Passage]:
    """Passages of one page, each of one section; `outline` (level to heading) is kept up to date."""
    above = _path(outline, title)
    blocks: list[_Block] = []
    for block in _blocks(text):
        if block.kind == "heading":
            if any(pending.kind != "heading" for pending in blocks):
                yield from cutter.cut(blocks, above, _path(outline, title))
                blocks = []
            level, heading = _heading(block.text)
            for deeper in [known for known in outline if known >= level]:
                del outline[deeper]
            if not blocks:
                above = _path(outline, title)
            outline[level] = heading
        blocks.append(block)
    yield from cutter.cut(blocks, above, _path(outline, title))


def _heading(line: str) -> tuple[int, str]:
    match = HEADING.match(line)
    assert match is not None
    return len(match[1]), match[2].rstrip("# \t")[:MAX_HEADING]


def _path(outline: dict[int, str], title: str) -> str:
    return HEADING_SEPARATOR.join(outline[level] for level in sorted(outline) if outline[level] != title)


def _blocks(text: str) -> Iterator[_Block]:
    """Headings one by one; tables, fenced code and the prose between them whole."""
    kinds = zip(_line_kinds(text.split("\n")), text.split("\n"), strict=True)
    for (kind, _), group in groupby(kinds, key=lambda pair: pair[0]):
        block = "\n".join(line for _, line in group).strip("\n")
        if block.strip():
            yield _Block(kind=kind, text=block)


def _line_kinds(lines: list[str]) -> Iterator[tuple[str, int]]:
    """(kind, number of the block) per line, so that two neighbouring code blocks stay two."""
    fence = ""
    block = 0
    for number, line in enumerate(lines):
        opening = FENCE.match(line)
        if fence:
            if opening is not None and opening[1] == fence:
                fence = ""
            yield "code", block
        elif opening is not None:
            fence, block = opening[1], number
            yield "code", block
        elif HEADING.match(line):
            yield "heading", number
        elif line.lstrip().startswith("|"):
            yield "table", 0
        else:
            yield "text", 0


def _merged(passages: Iterable[_Passage], max_chars: int) -> Iterator[_Passage]:
    """Join neighbours while one of the two is under a quarter of a chunk and both fit into one."""
    pending: _Passage | None = None
    for passage in passages:
        if pending is None:
            pending = passage
            continue
        is_tiny = min(len(pending.text), len(passage.text)) < max_chars // 4
        if is_tiny and len(pending.text) + 2 + len(passage.text) <= max_chars:
            pending = _Passage(heading=pending.heading, text=f"{pending.text}\n\n{passage.text}")
        else:
            yield pending
            pending = passage
    if pending is not None:
        yield pending


class _Cutter:
    """Cuts the blocks of a section that does not fit into one chunk."""

    def __init__(self, max_chars: int, overlap: int) -> None:
        self._max_chars = max_chars
        self._prose = MarkdownSplitter(max_chars, overlap)
        self._cells = MarkdownSplitter(max_chars)

    def cut(self, blocks: list[_Block], above: str, within: str) -> Iterator[_Passage]:
        """`above`: the headings over the section; `within`: those that hold after its first line."""
        whole = "\n\n".join(block.text for block in blocks)
        if WORD.search(whole) is None:
            return
        if len(whole) <= self._max_chars:
            yield _Passage(heading=above, text=whole)
            return
        heading = above
        for text in self._pieces(blocks):
            if WORD.search(text) is None:
                continue
            yield _Passage(heading=heading, text=text)
            heading = within

    def _pieces(self, blocks: list[_Block]) -> Iterator[str]:
        prose = ""
        for block in blocks:
            if block.kind == "table":
                yield from self._prose.chunks(prose)
                prose = ""
                yield from self._rows(block.text)
            else:
                prose = f"{prose}\n\n{block.text}" if prose else block.text
        yield from self._prose.chunks(prose)

    def _rows(self, table: str) -> Iterator[str]:
        """As many rows as fit, under the table's header every time."""
        lines = table.split("\n")
        has_header = len(lines) > 1 and TABLE_RULE.match(lines[1]) is not None
        header = "\n".join(lines[:2]) + "\n" if has_header else ""
        if len(header) > self._max_chars // 2:  # repeating it would leave no room for rows
            has_header, header = False, ""
        piece = ""
        for row in islice(lines, 2 if has_header else 0, None):
            if piece and len(header) + len(piece) + len(row) > self._max_chars:
                yield header + piece.rstrip("\n")
                piece = ""
            if len(header) + len(row) > self._max_chars:
                yield from self._cells.chunks(row)
            else:
                piece += row + "\n"
        if piece:
            yield header + piece.rstrip("\n")
