"""EPUB books: a section per chapter, in the order in which the book is read. Called by `file.parse_file`."""

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import decode
from shared.ingest.parse.title import FIRST_HEADING, choose_title
from shared.ingest.parse.web import declared_charset, to_markdown
from shared.ingest.parse.xml_tree import Element, local_name, xml_tree
from shared.ingest.parse.zip_file import open_zip

LOCKED = "is a book under copy protection (DRM); upload an unprotected copy"
CHAPTERS = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document")


def parse(source: Source) -> ParsedDocument:
    with open_zip(source, DAMAGED) as archive:
        package_path = _package_path(archive)
        package = xml_tree(archive.read(package_path))
        chapters = list(_chapters(package, posixpath.dirname(package_path)))
        if not _locked(archive).isdisjoint(chapters):
            raise DocumentRejected(LOCKED)
        present = [path for path in chapters if path in archive.NameToInfo]
        pages = tuple(_page(number, archive.read(path)) for number, path in enumerate(present, 1))
    if not pages:
        raise DocumentRejected(DAMAGED)
    stated = next((str(part.text or "") for part in package.iter() if local_name(part) == "title"), None)
    return ParsedDocument(title=choose_title(source.name, stated, pages), pages=pages, page_kind="section")


def _package_path(archive: zipfile.ZipFile) -> str:
    container = xml_tree(archive.read("META-INF/container.xml"))
    paths = (str(part.get("full-path", "")) for part in container.iter() if local_name(part) == "rootfile")
    return next(paths, "")


def _chapters(package: Element, folder: str) -> Iterator[str]:
    """Paths inside the archive; nothing outside of it is ever opened."""
    items = {part.get("id"): part for part in package.iter() if local_name(part) == "item"}
    for reference in package.iter():
        item = items.get(reference.get("idref")) if local_name(reference) == "itemref" else None
        if item is not None and item.get("media-type", CHAPTERS[0]) in CHAPTERS:
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))


def _locked(archive: zipfile.ZipFile) -> set[str]:
    """What the book says is encrypted; fonts often are, in books that can be read."""
    if "META-INF/encryption.xml" not in archive.NameToInfo:
        return set()
    listed = xml_tree(archive.read("META-INF/encryption.xml"))
    return {unquote(part.get("URI", "")) for part in listed.iter() if local_name(part) == "CipherReference"}


def _page(number: int, chapter: bytes) -> ParsedPage:
    text = to_markdown(decode(chapter, declared=declared_charset(chapter)))
    heading = FIRST_HEADING.search(text)
    return ParsedPage(number=number, text=text, label=heading[1].strip() if heading else "")
