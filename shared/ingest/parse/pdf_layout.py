"""Lines of PDF pages to Markdown: headings by size, paragraphs, hyphens, page furniture. Called by `pdf`.

A PDF knows glyphs at places and no structure. What is done here is done where it is sure: text that is not
understood stays as its lines.
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from itertools import pairwise

from shared.ingest.parse.pdf_table import Line, Table, find_tables
from shared.ingest.parse.table import markdown_table

SAME_LINE_HYPHEN = "\x02\ufffe\xad"  # pdfium's marks for a hyphen that a line end made
ENDS_SENTENCE = re.compile(r"[.:!?;…][\"'”’)\]]*$")
STARTS_ITEM = re.compile(r"([•▪◦‣·–—*-]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)])\s")
BULLET = re.compile(r"[•▪◦‣·]\s*")
DIGITS = re.compile(r"\d+")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
HEADING_SCALE = 1.15  # a heading's size by the body's, at least
MAX_HEADING = 120  # characters
FURNITURE_SHARE = 0.6  # of the pages must carry a line for it to be furniture
MIN_FURNITURE_PAGES = 4
PAGE_NUMBER = re.compile(
    r"\b(page|seite|página|pagina|pág\.|p\.|s\.)\s*\d+|\b\d+\s*(of|von|de|/)\s*\d+", re.I
)


def to_markdown(pages: Sequence[Sequence[Line]]) -> list[str]:
    """One text per page."""
    pages = _without_furniture(pages)
    levels = _heading_levels(pages)
    hyphenated = {
        word.lower()
        for page in pages
        for line in page
        if "-" in line.text
        for word in HYPHENATED.findall(line.text)
    }

    def is_heading(line: Line) -> bool:
        return line.height in levels

    blocks = [find_tables(page, is_heading) for page in pages]
    return [_page(page, levels, hyphenated) for page in _with_headers(blocks)]


def _with_headers(pages: list[list[Line | Table]]) -> list[list[Line | Table]]:
    """A table that goes on at the top of a page gets the header that it had on the page before."""
    for before, page in pairwise(pages):
        above = before[-1] if before else None
        below = page[0] if page else None
        if isinstance(above, Table) and isinstance(below, Table) and below.continues(above):
            header = above.rows[0]
            if below.rows[0] != header:
                page[0] = Table(rows=(header, *below.rows), lefts=below.lefts)
    return pages


def _without_furniture(pages: Sequence[Sequence[Line]]) -> Sequence[Sequence[Line]]:
    """Drop first and last lines that most pages share but for their numbers: running heads, page numbers.

    In a document of few pages only what counts them is surely furniture. A running head without a number is
    left where it is first, since it may be said nowhere else.
    """
    filled = sum(1 for page in pages if len(page) > 2)
    for edge in (0, 0, -1, -1):
        shapes = Counter(_shape(page[edge].text) for page in pages if len(page) > 2)
        furniture = {
            shape
            for shape, count in shapes.items()
            if (filled >= MIN_FURNITURE_PAGES and count >= filled * FURNITURE_SHARE)
            or (count == filled >= 2 and PAGE_NUMBER.search(shape))
        }
        said = {shape for shape in furniture if "0" in shape}
        trimmed = []
        for page in pages:
            shape = _shape(page[edge].text) if len(page) > 2 else ""
            is_furniture = shape in furniture and shape in said
            said.add(shape)
            trimmed.append((page[1:] if edge == 0 else page[:-1]) if is_furniture else page)
        pages = trimmed
    return pages


def _shape(text: str) -> str:
    return DIGITS.sub("0", text)


def _heading_levels(pages: Sequence[Sequence[Line]]) -> dict[float, int]:
    """Size to heading level; empty where sizes tell nothing."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.height] += len(line.text)
    if not sizes:
        return {}
    body = sizes.most_common(1)[0][0]
    large = sorted((size for size in sizes if size >= body * HEADING_SCALE), reverse=True)
    if body == 0 or sum(sizes[size] for size in large) * 4 > sizes.total():
        return {}
    return {size: min(level, 4) for level, size in enumerate(large, 1)}


def _page(blocks: Sequence[Line | Table], levels: dict[float, int], hyphenated: Set[str]) -> str:
    lines = [block for block in blocks if isinstance(block, Line)]
    full = sorted(len(line.text) for line in lines)[len(lines) * 9 // 10] if lines else 0
    out: list[str] = []
    before: Line | None = None
    for block in blocks:
        if isinstance(block, Table):
            out += ["", markdown_table(block.rows), ""]
            before = None
            continue
        text = BULLET.sub("- ", block.text, count=1)
        level = levels.get(block.height) if _can_head(text) else None
        if level is not None:
            if (
                before is not None
                and before.height == block.height
                and len(out[-2]) + len(text) < MAX_HEADING
            ):
                out[-2] += f" {text}"  # a heading over two lines
            else:
                out += ["", "#" * level + " " + text, ""]
        elif before is not None and out[-1] and _continues(before.text, text, full):
            out[-1] = _joined(out[-1], text, hyphenated)
        else:
            if before is not None and _ends_paragraph(before, full):
                out.append("")
            out.append(_escaped(text))
        before = block
    return "\n".join(out)


def _can_head(text: str) -> bool:
    return len(text) <= MAX_HEADING and any(letter.isalpha() for letter in text)


def _escaped(text: str) -> str:
    return "\\" + text if text.startswith(("#", "|")) else text


def _continues(before: str, text: str, full: int) -> bool:
    """Whether `text` goes on with the paragraph of the line `before`."""
    if STARTS_ITEM.match(text):
        return False
    if before[-1] in SAME_LINE_HYPHEN + "-" or text[0].islower():
        return True
    if before.endswith((",", "(")) or text.startswith("("):
        return True
    return len(before) * 5 >= full * 4 and full > 40 and not ENDS_SENTENCE.search(before)


def _ends_paragraph(before: Line, full: int) -> bool:
    return len(before.text) * 5 < full * 4 and bool(ENDS_SENTENCE.search(before.text))


def _joined(paragraph: str, text: str, hyphenated: Set[str]) -> str:
    """With a space, or none after a hyphen; the hyphen goes unless the document spells the word with one."""
    if paragraph[-1] in SAME_LINE_HYPHEN:
        return paragraph[:-1] + text
    if not paragraph.endswith("-") or not text[0].isalpha():
        return f"{paragraph} {text}"
    head = WORD.findall(paragraph[:-1])
    tail = WORD.match(text)
    if not head or tail is None or not paragraph[-2].isalpha():
        return paragraph + text
    keeps_hyphen = not text[0].islower() or f"{head[-1]}-{tail[0]}".lower() in hyphenated
    return paragraph + text if keeps_hyphen else paragraph[:-1] + text
