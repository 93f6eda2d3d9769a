"""XML of any vocabulary: its elements as nested lists, its tables and lists of like records as tables.

Called by `file.parse_file`. XHTML goes through `web`; what is no well-formed XML is read as plain text.
"""

import re
from collections.abc import Iterator

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse import plain, web
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title
from shared.ingest.parse.xml_tree import Element, MalformedXmlError, local_name, xml_tree

DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
SPACE = re.compile(r"\s+")
ROWS = {"row", "tr"}
CELLS = {"entry", "td", "th", "cell", "Cell"}
TABLES = {"table", "tgroup", "informaltable"}
TITLES = {"title", "Title", "head", "heading"}
PARAGRAPHS = {"p", "para", "simpara", "Para"}
MAX_COLUMNS = 12
MAX_CELL = 200  # characters; records with more are no rows of a table
MAX_INLINE = 200  # characters of an attribute that stand on its element's line


def parse(text: str, source: Source) -> ParsedDocument:
    if len(text) > source.limits.max_text_chars * 2:
        raise DocumentRejected("holds more text than can be indexed; split it into smaller files")
    try:
        root = xml_tree(DECLARATION.sub("", text, count=1).encode("utf-8", "replace"))
    except MalformedXmlError:
        return plain.parse(text, source)
    if local_name(root) == "html":
        return web.parse(text, source)
    page = ParsedPage(number=1, text="\n".join(_lines(root, 0, 1)))
    stated = next((_words(part) for part in root.iter() if local_name(part) in TITLES), None)
    return ParsedDocument(title=choose_title(source.name, stated), pages=(page,), page_kind="section")


def _lines(element: Element, depth: int, level: int) -> Iterator[str]:
    """`depth` in the list since the last heading, `level` of the next heading."""
    name = local_name(element)
    line = "  " * depth + "- " + " ".join([name, *_attributes(element)])
    if name in TABLES and (rows := list(_rows(element))):
        yield from (line, "", markdown_table(rows), "")
    elif not len(element) or _is_mixed(element):
        words = _words(element)
        if name in PARAGRAPHS:
            yield from ("", words, "")
        else:
            yield f"{line}: {words}" if words else line
    elif heading := _heading(element):
        yield from ("", "#" * min(level, 6) + " " + heading, "")
        for child in element[1:]:
            yield from _lines(child, 0, level + 1)
    else:
        yield line
        yield from _children(element, depth + 1, level)


def _children(element: Element, depth: int, level: int) -> Iterator[str]:
    if records := _records(element):
        yield from ("  " * depth + f"- {local_name(element[0])}:", "", markdown_table(records), "")
        return
    for child in element:
        if local_name(child):
            yield from _lines(child, depth, level)


def _heading(element: Element) -> str:
    """Of a section that begins with its title."""
    first = element[0]
    return _words(first) if len(element) > 1 and local_name(first) in TITLES else ""


def _attributes(element: Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if not key.startswith("{http://www.w3.org/") and len(value) <= MAX_INLINE:
            yield f"{key.rpartition('}')[2]}={SPACE.sub(' ', value)}"


def _is_mixed(element: Element) -> bool:
    """Words stand between its children: a paragraph with inline marks."""
    between = (element.text, *(child.tail for child in element))
    return any(text and text.strip() for text in between)


def _words(element: Element) -> str:
    return SPACE.sub(" ", "".join(element.itertext())).strip()


def _rows(table: Element) -> Iterator[list[str]]:
    """Of the table alone, not of tables in its cells."""
    for child in table:
        if local_name(child) in ROWS:
            yield [_words(cell) for cell in child if local_name(cell) in CELLS]
        elif local_name(child) not in CELLS:
            yield from _rows(child)


def _records(element: Element) -> list[list[str]]:
    """A table for two children or more of one name that hold the same few flat fields; else nothing."""
    children = list(element)
    if len(children) < 2 or len({child.tag for child in children}) > 1:
        return []
    records = [_record(child) for child in children]
    if any(record is None for record in records):
        return []
    fields = list(dict.fromkeys(key for record in records for key in record or ()))
    held = sum(len(record or ()) for record in records)
    if not 2 <= len(fields) <= MAX_COLUMNS or held * 2 < len(fields) * len(records):
        return []
    return [fields, *([(record or {}).get(key, "") for key in fields] for record in records)]


def _record(element: Element) -> dict[str, str] | None:
    """Attributes and children by name; None where that would lose something."""
    if _is_mixed(element):
        return None
    fields = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for child in element:
        name = local_name(child)
        if len(child) or child.attrib or not name or name in fields:
            return None
        fields[name] = _words(child)
    return fields if all(len(value) <= MAX_CELL for value in fields.values()) else None
