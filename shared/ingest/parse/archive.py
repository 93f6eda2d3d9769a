"""Archives (zip, tar, gzip): the documents in them one after the other, each under its path.

What cannot be read is named, with the reason, on a last page. Called by `file.parse_file`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.archive_members import READING_ERRORS, Member, gunzip, members
from shared.ingest.parse.kind import DAMAGED, GZIP, is_tar
from shared.ingest.parse.limits import MIB
from shared.ingest.parse.scanned import IN_ARCHIVE, ScannedDocument
from shared.ingest.parse.source import BOMB, Allowance, Source
from shared.ingest.parse.title import choose_title

Read: TypeAlias = Callable[[Source], ParsedDocument]

MAX_DEPTH = 2  # an archive, and archives in it
NESTED = "is an archive in an archive in an archive; unpack it"
STEPS = re.compile(r"^[A-Za-z]:|^/+|(?:^|(?<=/))\.{1,2}(?:/|$)")  # of a path, up or to a root
FENCE = re.compile(r"\s{0,3}(```|~~~)")


@dataclass(kw_only=True)
class _Contents:
    pages: list[ParsedPage] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)  # by path, why


class _NothingRead(DocumentRejected):
    """Apart, so that the archive around it can name the file and not repeat this."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"is an archive in which nothing can be read: {path} {reason}")
        self.path = path
        self.reason = reason


def parse(source: Source, read: Read) -> ParsedDocument:
    """`read` is what parses each member, archives among them."""
    if source.depth >= MAX_DEPTH:
        raise DocumentRejected(NESTED)
    allowance = source.allowance or Allowance(left=source.limits.max_unpacked_bytes)
    source = replace(source, allowance=allowance)
    if source.content.startswith(GZIP):
        unpacked = gunzip(source)
        allowance.take(len(unpacked))
        source = replace(source, file=unpacked, name=re.sub(r"\.t?gz$", "", source.name, flags=re.I))
        if not is_tar(unpacked):
            return _as_text(read(replace(source, depth=source.depth + 1)))
    contents = _Contents()
    try:
        for member in members(source):
            _add(contents, member, replace(source, depth=source.depth + 1), read)
    except READING_ERRORS as error:
        raise DocumentRejected(DAMAGED) from error
    _check(contents)
    pages = tuple(replace(page, number=number) for number, page in enumerate(_all_pages(contents), 1))
    title = choose_title(re.sub(r"\.tar$", "", source.name, flags=re.I), None)
    return ParsedDocument(title=title, pages=pages, page_kind="section")


def _add(contents: _Contents, member: Member, around: Source, read: Read) -> None:
    path = STEPS.sub("", member.name)
    limits = around.limits
    try:
        if member.problem:
            raise DocumentRejected(member.problem)
        if member.size > limits.max_file_bytes:
            raise DocumentRejected(f"is larger than {limits.max_file_bytes // MIB} MiB")
        assert around.allowance is not None
        around.allowance.take(member.size)
        document = _as_text(read(replace(around, file=member.read(), name=path)))
        contents.pages += _pages_of(path, document)
    except _NothingRead as error:
        contents.unread[f"{path} › {error.path}"] = error.reason
    except DocumentRejected as error:
        if str(error) == BOMB:
            raise
        contents.unread[path] = str(error)
    except READING_ERRORS:
        contents.unread[path] = DAMAGED
    if len(contents.pages) > limits.max_pages:
        raise DocumentRejected(f"has more than {limits.max_pages} pages; split it into smaller files")


def _as_text(document: ParsedDocument) -> ParsedDocument:
    """Errors: `DocumentRejected` for pictures: text is recognised in files, not in their members."""
    return document.without_scans(IN_ARCHIVE) if isinstance(document, ScannedDocument) else document


def _pages_of(path: str, document: ParsedDocument) -> Iterator[ParsedPage]:
    for page in document.pages:
        place = page.label or (f"{document.page_kind} {page.number}" if len(document.pages) > 1 else "")
        text = _demoted(page.text)
        yield replace(
            page,
            label=f"{path} › {place}" if place else path,
            text=f"# {path}\n\n{text}" if page is document.pages[0] else text,
        )


def _demoted(markdown: str) -> str:
    """Its headings one level down: the path of the member stands above them."""
    lines = []
    fence = ""
    for line in markdown.split("\n"):
        if mark := FENCE.match(line):
            fence = "" if mark[1] == fence else fence or mark[1]
        lines.append(f"#{line}" if not fence and re.match(r"#{1,5}[ \t]", line) else line)
    return "\n".join(lines)


def _check(contents: _Contents) -> None:
    if contents.pages:
        return
    if not contents.unread:
        raise DocumentRejected("is an archive without any files")
    raise _NothingRead(*next(iter(contents.unread.items())))


def _all_pages(contents: _Contents) -> Iterator[ParsedPage]:
    yield from contents.pages
    if contents.unread:
        listed = "\n".join(f"- {path} {reason}" for path, reason in contents.unread.items())
        yield ParsedPage(number=1, text=f"# Files that were not read\n\n{listed}")
