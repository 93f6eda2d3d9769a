"""OpenDocument text, presentations and drawings: headings, lists and tables; slides and pages are numbered.

Called by `file.parse_file`. Spreadsheets go through `sheets`. Pages of a text are those of its last
layout, as far as the file records them, and its explicit page breaks.
"""

import re
import zipfile
from collections.abc import Iterator

from shared.domain import PageKind, ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.xml_tree import Element, MalformedXmlError, local_name, xml_tree
from shared.ingest.parse.zip_file import open_zip

URN = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, STYLE, FO = (
    f"{{{URN}{name}}}" for name in ("text:1.0", "table:1.0", "style:1.0", "xsl-fo-compatible:1.0")
)
PRESENTATION_CLASS = f"{{{URN}presentation:1.0}}class"
SVG_Y, SVG_X = (f"{{{URN}svg-compatible:1.0}}{axis}" for axis in "yx")
UNREAD = {
    "tracked-changes", "annotation", "annotation-end", "forms", "sequence-decls", "settings", "ruby-text",
    "desc", "title", "script", "event-listeners", "index-title-template",
}  # fmt: skip
MAX_REPEATED = 64  # of a cell or row; the repeats of a sheet's empty rest are no content
MAX_SPACES = 32
PAGE_END = "\f"
SPACE = re.compile(r"\s+")


def parse(source: Source) -> ParsedDocument:
    with open_zip(source, DAMAGED) as archive:
        root = xml_tree(archive.read("content.xml"))
        stated = _stated_title(archive)
        pages, kind = _pages(root)
    return ParsedDocument(title=choose_title(source.name, stated, pages), pages=pages, page_kind=kind)


def _pages(root: Element) -> tuple[tuple[ParsedPage, ...], PageKind]:
    content = next((part[0] for part in root if local_name(part) == "body" and len(part)), None)
    if content is None:
        raise DocumentRejected(DAMAGED)
    if local_name(content) == "text":
        return _text_pages(content, _breaking_styles(root))
    slides = (child for child in content if local_name(child) == "page")
    return tuple(_slide(number, slide) for number, slide in enumerate(slides, 1)), "slide"


def _stated_title(archive: zipfile.ZipFile) -> str | None:
    try:
        meta = xml_tree(archive.read("meta.xml"))
    except (KeyError, MalformedXmlError):
        return None
    return next((str(element.text or "") for element in meta.iter() if local_name(element) == "title"), None)


def _breaking_styles(root: Element) -> dict[str, str]:
    """Names of the paragraph styles that begin or end a page, and which of the two."""
    found = {}
    for style in root.iter(f"{STYLE}style"):
        for properties in style.iter(f"{STYLE}paragraph-properties"):
            if properties.get(f"{FO}break-before") == "page":
                found[style.get(f"{STYLE}name")] = "before"
            elif properties.get(f"{FO}break-after") == "page":
                found[style.get(f"{STYLE}name")] = "after"
    return found


def _text_pages(content: Element, breaks: dict[str, str]) -> tuple[tuple[ParsedPage, ...], PageKind]:
    whole = "\n\n".join(_blocks(content, breaks))
    texts = whole.lstrip(f"{PAGE_END}\n").rstrip(f"{PAGE_END}\n").split(PAGE_END)
    pages = tuple(ParsedPage(number=number, text=text.strip("\n")) for number, text in enumerate(texts, 1))
    return pages, "page" if len(pages) > 1 else "section"


def _blocks(parent: Element, breaks: dict[str, str], level: int = 0) -> Iterator[str]:
    """Markdown of the children, block by block."""
    for child in parent:
        name = local_name(child)
        if name in ("p", "h"):
            yield from _paragraph(child, breaks, name == "h")
        elif name == "list":
            if items := "\n".join(_items(child, breaks, level)):
                yield items
        elif name == "table":
            yield markdown_table(list(_rows(child)))
            yield from (PAGE_END for _ in child.iter(f"{TEXT}soft-page-break"))
        elif name == "soft-page-break":
            yield PAGE_END
        elif name not in UNREAD:  # sections, indexes, frames, text boxes, groups
            yield from _blocks(child, breaks, level)


def _paragraph(element: Element, breaks: dict[str, str], is_heading: bool) -> Iterator[str]:
    side = breaks.get(element.get(f"{TEXT}style-name", ""))
    if side == "before":
        yield PAGE_END
    text = "".join(_inline(element)).strip(" \n")
    if is_heading and text:
        marks = "#" * max(1, min(int(element.get(f"{TEXT}outline-level", "1")), 6))
        yield f"{marks} {text.replace(chr(10), ' ')}"
    elif text:
        yield text
    for box in _boxes(element):  # what is anchored in the paragraph comes after it
        yield from _blocks(box, breaks)
    if side == "after":
        yield PAGE_END


def _boxes(element: Element) -> Iterator[Element]:
    for child in element:
        if local_name(child) == "text-box":
            yield child
        else:
            yield from _boxes(child)


def _items(parent: Element, breaks: dict[str, str], level: int) -> Iterator[str]:
    for item in parent:
        mark = "  " * level + "- "
        for child in item:
            if local_name(child) == "list":
                yield from _items(child, breaks, level + 1)
            elif text := " ".join("".join(_inline(child)).split()):
                yield mark + text
                mark = "  " * (level + 1)


def _inline(element: Element) -> Iterator[str]:
    """Its text; XML's own white space counts as one space, as the format has it."""
    yield SPACE.sub(" ", element.text or "")
    for child in element:
        name = local_name(child)
        if name == "s":
            yield " " * min(int(child.get(f"{TEXT}c", "1")), MAX_SPACES)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name == "soft-page-break":
            yield PAGE_END
        elif name == "note":
            yield f" ({' '.join(_note(child))})"
        elif name not in UNREAD and name != "text-box":
            yield from _inline(child)
        yield SPACE.sub(" ", child.tail or "")


def _note(note: Element) -> Iterator[str]:
    for paragraph in note.iter(f"{TEXT}p"):
        yield "".join(_inline(paragraph)).strip()


def _rows(table: Element) -> Iterator[list[str]]:
    for child in table:
        name = local_name(child)
        if name == "table-row":
            row = list(_cells(child))
            count = int(child.get(f"{TABLE}number-rows-repeated", "1"))
            yield from (row for _ in range(count if count <= MAX_REPEATED else 1))
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(child)


def _cells(row: Element) -> Iterator[str]:
    for cell in row:
        if local_name(cell) in ("table-cell", "covered-table-cell"):
            text = " ".join(_blocks(cell, {})).replace(PAGE_END, " ")
            count = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
            yield from (text for _ in range(count if count <= MAX_REPEATED else 1))


def _slide(number: int, page: Element) -> ParsedPage:
    notes = [child for child in page if local_name(child) == "notes"]
    shapes = [child for child in page if local_name(child) not in ("notes", *UNREAD)]
    titles = [shape for shape in shapes if shape.get(PRESENTATION_CLASS) == "title"][:1]
    label = " ".join(" ".join(_blocks(titles[0], {})).split()) if titles else ""
    parts = [f"# {label}"] if label else []
    parts += _blocks(sorted((shape for shape in shapes if shape not in titles), key=_place), {})
    if spoken := "\n\n".join(text for note in notes for text in _blocks(note, {})).strip():
        parts.append(f"Notes: {spoken}")
    return ParsedPage(number=number, text="\n\n".join(parts).replace(PAGE_END, ""), label=label)


def _place(shape: Element) -> tuple[float, float]:
    """From top to bottom and left to right; lengths of one file share their unit."""
    return _length(shape.get(SVG_Y)), _length(shape.get(SVG_X))


def _length(value: str | None) -> float:
    digits = (value or "0").rstrip("abcdefghijklmnopqrstuvwxyz%")
    try:
        return float(digits)
    except ValueError:
        return 0.0
