"""Writes samples as OpenDocument, RTF and EPUB. Used by `evals.build_samples`."""

from collections.abc import Iterator, Mapping
from html import escape
from io import BytesIO
from itertools import groupby
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from evals.sample_blocks import Block

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_DAY = (2026, 1, 1, 0, 0, 0)  # the same sources give the same bytes


def zipped(members: Mapping[str, str | bytes], *, mimetype: str = "") -> bytes:
    """In the order given. A `mimetype` comes first and as it is: readers look for it there."""
    target = BytesIO()
    with ZipFile(target, "w") as archive:
        if mimetype:
            archive.writestr(ZipInfo("mimetype", _DAY), mimetype, ZIP_STORED)
        for name, content in members.items():
            archive.writestr(ZipInfo(name, _DAY), content, ZIP_DEFLATED)
    return target.getvalue()


def write_odt(title: str, blocks: list[Block]) -> bytes:
    names = " ".join(f'xmlns:{name}="{_URN}{name}:1.0"' for name in ("office", "text", "table", "style"))
    names += f' xmlns:fo="{_URN}xsl-fo-compatible:1.0" office:version="1.3"'
    page = '<style:style style:name="NewPage" style:family="paragraph"><style:paragraph-properties '
    page += 'fo:break-before="page"/></style:style>'
    content = (
        f"{_XML}<office:document-content {names}><office:automatic-styles>{page}</office:automatic-styles>"
    )
    content += f"<office:body><office:text>{''.join(_odt_parts(blocks))}</office:text></office:body>"
    content += "</office:document-content>"
    mimetype = "application/vnd.oasis.opendocument.text"
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    meta = (
        f'{_XML}<office:document-meta xmlns:office="{_URN}office:1.0" {dc} office:version="1.3"><office:meta>'
    )
    meta += f"<dc:title>{escape(title)}</dc:title></office:meta></office:document-meta>"
    entry = '<m:file-entry m:full-path="{}" m:media-type="{}"/>'.format
    manifest = f'{_XML}<m:manifest xmlns:m="{_URN}manifest:1.0" m:version="1.3">{entry("/", mimetype)}'
    manifest += f"{entry('content.xml', 'text/xml')}{entry('meta.xml', 'text/xml')}</m:manifest>"
    members = {"content.xml": content, "meta.xml": meta, "META-INF/manifest.xml": manifest}
    return zipped(members, mimetype=mimetype)


def _odt_parts(blocks: list[Block]) -> Iterator[str]:
    style = ""
    for block in blocks:
        if block.kind == "page":
            style = ' text:style-name="NewPage"'
        elif block.kind == "table":
            rows = (
                "".join(
                    f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in row
                )
                for row in block.rows
            )
            columns = f'<table:table-column table:number-columns-repeated="{len(block.rows[0])}"/>'
            cells = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
            yield f"<table:table>{columns}{cells}</table:table>"
        else:
            level = f' text:outline-level="{block.level}"' if block.kind == "heading" else ""
            name = "text:h" if level else "text:p"
            yield f"<{name}{style}{level}>{escape(block.text)}</{name}>"
            style = ""


def write_rtf(title: str, blocks: list[Block]) -> bytes:
    text = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}}" + "\n"
    text += r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0\b\fs32 heading 1;}"
    text += r"{\s2\outlinelevel1\b\fs26 heading 2;}}"
    text += "\n{\\info{\\title " + _rtf(title) + "}}\n" + "".join(map(_rtf_part, blocks)) + "}\n"
    return text.encode("ascii")


def _rtf_part(block: Block) -> str:
    if block.kind == "table":
        edges = "".join(rf"\cellx{3000 * number}" for number in range(1, len(block.rows[0]) + 1))
        rows = ("".join(rf"{_rtf(cell)}\cell " for cell in row) for row in block.rows)
        return "".join(rf"\trowd{edges}\pard\intbl {row}\row" + "\n" for row in rows) + "\\pard\n"
    if block.kind == "page":
        return "\\page\n"
    look = r"\s1\b\fs32" if block.level == 1 else r"\s2\b\fs26"
    start = rf"\pard\plain{look if block.kind == 'heading' else ''} "
    return rf"{start}{_rtf(block.text)}\par" + "\n"


def _rtf(text: str) -> str:
    """What is not ASCII by its number, with a `?` for readers that know no such numbers."""
    return "".join(
        f"\\{each}" if each in "\\{}" else each if each.isascii() else rf"\u{ord(each)}?" for each in text
    )


def write_epub(title: str, blocks: list[Block]) -> bytes:
    """A chapter for each page."""
    pages = [
        list(group) for is_page, group in groupby(blocks, lambda block: block.kind == "page") if not is_page
    ]
    chapters = {f"chapter{number}.xhtml": _chapter(page) for number, page in enumerate(pages, 1)}
    items = "".join(
        f'<item id="c{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    links = "".join(f'<li><a href="{name}">{name}</a></li>' for name in chapters)
    nav = _xhtml(
        "Contents", f'<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol>{links}</ol></nav>'
    )
    package = f"""{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:larkspur:{escape(title)}</dc:identifier>
<dc:title>{escape(title)}</dc:title><dc:language>en</dc:language>
<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{items}</manifest>
<spine>{spine}</spine></package>"""
    container = f"""{_XML}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
    members = {"META-INF/container.xml": container, "book.opf": package, "nav.xhtml": nav, **chapters}
    return zipped(members, mimetype="application/epub+zip")


def _chapter(blocks: list[Block]) -> str:
    parts: list[str] = []
    for kind, group in groupby(blocks, lambda block: block.kind):
        texts: list[Any] = [escape(block.text) for block in group]
        if kind == "item":
            parts.append("<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>")
        else:
            name = "h1" if kind == "heading" else "p"
            parts += [f"<{name}>{text}</{name}>" for text in texts]
    return _xhtml(blocks[0].text, "".join(parts))


def _xhtml(title: str, body: str) -> str:
    head = f"<head><title>{escape(title)}</title></head>"
    return f'{_XML}<html xmlns="http://www.w3.org/1999/xhtml">{head}<body>{body}</body></html>'
