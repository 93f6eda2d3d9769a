"""HTML through kreuzberg: one page. Called by `file.parse_file`, and by `mail` for HTML bodies."""

import html
import re

from kreuzberg import ConcurrencyConfig, ExtractionConfig, KreuzbergError, PageConfig, extract_bytes_sync

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import unpadded
from shared.ingest.parse.title import choose_title

CONFIG = ExtractionConfig(  # type: ignore[call-arg]  # its stub lacks disable_ocr
    use_cache=False,
    disable_ocr=True,
    output_format="markdown",
    pages=PageConfig(extract_pages=True),
    concurrency=ConcurrencyConfig(max_threads=1),
)
CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", re.I)
XML_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_:-]{2,40})", re.I)
HEAD = re.compile(r"<head\b.*?(</head\s*>|(?=<body\b))", re.I | re.S)
TITLE = re.compile(r"<title\b[^>]*>(.*?)</title\s*>", re.I | re.S)
UNREAD = re.compile(r"<(script|style)\b.*?</\1\s*>", re.I | re.S)
SPACES = re.compile(r"[ \t]+")
TAG = re.compile(r"<[^>]*>")
# [words](address), each with brackets in it one deep; no part can match in two ways, so time stays linear.
ADDRESSED = r"\[((?:[^\[\]\n\\]|\\.|\[[^\[\]\n]*\])*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)"
IMAGE = re.compile("!" + ADDRESSED)
LINK = re.compile(r"(?<!\\)" + ADDRESSED)


def declared_charset(content: bytes) -> str | None:
    """What a page or an XML declaration says of itself in its first bytes."""
    match = XML_ENCODING.match(content[:200]) or CHARSET.search(content[:4096])
    return match[1].decode("ascii") if match else None


def parse(text: str, source: Source) -> ParsedDocument:
    stated = TITLE.search(text)
    page = ParsedPage(number=1, text=to_markdown(text))
    title = choose_title(source.name, html.unescape(stated[1]) if stated else None, [page])
    return ParsedDocument(title=title, pages=(page,), page_kind="section")


def to_markdown(text: str) -> str:
    """Links and pictures by their words alone: addresses would drown the text in an embedding."""
    body = HEAD.sub("", text, count=1)
    try:
        result = extract_bytes_sync(body.encode("utf-8", "replace"), "text/html", config=CONFIG)
    except KreuzbergError as error:
        raise DocumentRejected("is not a readable HTML page") from error
    if not result.content.strip():  # all of it in what kreuzberg leaves out, or nested too deeply for it
        return html.unescape(SPACES.sub(" ", TAG.sub(" ", UNREAD.sub("", body))))
    return unpadded(LINK.sub(r"\1", IMAGE.sub(r"\1", result.content)))
