"""What a file is: by its content, with its name as a hint among text formats. Called by `file.parse_file`."""

import re
import zipfile
from collections.abc import Callable
from enum import StrEnum

from shared.errors import DocumentRejected
from shared.ingest.parse.code import LANGUAGES
from shared.ingest.parse.compound import open_compound
from shared.ingest.parse.source import BOMB, Source
from shared.ingest.parse.zip_file import open_zip

PROTECTED = "is password-protected; upload an unprotected copy"
DAMAGED = "is damaged or incomplete; open it, save it anew and upload that"


class Kind(StrEnum):
    PDF = "PDF"
    WORD = "Word document"
    WORD97 = "Word 97–2003 document"
    SLIDES = "presentation"
    SLIDES97 = "PowerPoint 97–2003 presentation"
    SHEETS = "workbook"
    OPENDOCUMENT = "OpenDocument file"
    RTF = "RTF file"
    EPUB = "EPUB book"
    OUTLOOK = "Outlook message"
    ARCHIVE = "archive"
    IMAGE = "image"
    HTML = "web page"
    MARKDOWN = "Markdown file"
    PLAIN = "text file"
    CSV = "CSV file"
    JSON = "JSON file"
    XML = "XML file"
    CODE = "file of source code"
    EMAIL = "e-mail"
    MAILBOX = "mailbox"

    @property
    def with_article(self) -> str:
        return f"an {self}" if self[0] in "aeiEO" or self in (Kind.RTF, Kind.XML) else f"a {self}"


SUFFIXES = {
    ".html": Kind.HTML, ".htm": Kind.HTML, ".xhtml": Kind.HTML,
    ".md": Kind.MARKDOWN, ".markdown": Kind.MARKDOWN,
    ".csv": Kind.CSV, ".tsv": Kind.CSV,
    ".json": Kind.JSON, ".jsonl": Kind.JSON, ".ndjson": Kind.JSON,
    ".xml": Kind.XML, ".rss": Kind.XML, ".atom": Kind.XML, ".xsd": Kind.XML, ".xsl": Kind.XML,
    ".eml": Kind.EMAIL,
    **dict.fromkeys(LANGUAGES, Kind.CODE),
}  # fmt: skip
BINARY_SUFFIXES = (
    ".pdf", ".docx", ".docm", ".pptx", ".pptm", ".ppt", ".xlsx", ".xlsm", ".xlsb", ".ods", ".odt", ".odp",
    ".rtf", ".msg", ".epub", ".zip", ".tar", ".gz", ".tgz", ".7z", ".png", ".jpg", ".jpeg", ".gif", ".tif",
    ".tiff", ".webp",
)  # fmt: skip
IMAGE_START = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|II[*+]\x00|MM\x00[*+]|BM.{4}\x00{4}|RIFF.{4}WEBP", re.S)
UNSUPPORTED = (
    (b"RIFF", "a media file"), (b"ID3", "a sound file"),
    (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"), (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"), (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
)  # fmt: skip
TEXTUAL_MAGIC = (b"MZ", b"ID3", b"RIFF")  # words may begin so, too
GZIP = b"\x1f\x8b"
MAILBOX_START = re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n[!-9;-~]+:")
RTF_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\\rtf")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_STREAMS = (
    ("Workbook", Kind.SHEETS), ("Book", Kind.SHEETS), ("WordDocument", Kind.WORD97),
    ("PowerPoint Document", Kind.SLIDES97), ("__properties_version1.0", Kind.OUTLOOK),
)  # fmt: skip
ZIP_MEMBERS = (("word/", Kind.WORD), ("ppt/", Kind.SLIDES), ("xl/", Kind.SHEETS))
ZIP_SUFFIXES = (".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".xlsm", ".xlsb")
ZIP_TYPES = (  # what a file called `mimetype` begins with
    ("application/epub+zip", Kind.EPUB),
    ("application/vnd.oasis.opendocument.spreadsheet", Kind.SHEETS),
    ("application/vnd.oasis.opendocument.", Kind.OPENDOCUMENT),
)
HTML_START = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S
)
EMAIL_START = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*:[ \t]*\S[^\n]*\n(?:[ \t]+[^\n]*\n)*){2,}\s*", re.S)
EMAIL_FIELD = re.compile(r"^(from|received|return-path|message-id|mime-version):", re.I | re.M)


def is_tar(content: bytes) -> bool:
    return content[257:262] == b"ustar"


BY_HEAD: dict[Kind, Callable[[bytes], object]] = {
    Kind.PDF: lambda head: b"%PDF-" in head[:1024],
    Kind.RTF: RTF_START.match,
    Kind.ARCHIVE: lambda head: head.startswith(GZIP) or is_tar(head),
    Kind.IMAGE: IMAGE_START.match,
    Kind.MAILBOX: MAILBOX_START.match,  # text, but each message has its own character set
}


def binary_kind(source: Source) -> Kind | None:
    """The kind of a binary file, None for text. `DocumentRejected` for what is not parsed, and why."""
    head = source.head
    if head.startswith(OLE):
        return _ole_kind(source)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(source)
    for kind, is_it in BY_HEAD.items():
        if is_it(head):
            return kind
    for magic, what in UNSUPPORTED:
        if head.startswith(magic) and not (magic in TEXTUAL_MAGIC and _is_text(head)):
            raise DocumentRejected(f"is {what}" if ";" in what else f"is {what}, not a document")
    return None


def text_kind(text: str, source: Source) -> Kind:
    """The kind of a file whose content is text."""
    head = text[:4096].lstrip("\ufeff")
    hint = SUFFIXES.get(source.suffix)
    if source.suffix in BINARY_SUFFIXES:
        raise DocumentRejected(
            f"is named {source.suffix} but its content is plain text; export it again or correct its name"
        )
    if hint is not None:
        return hint
    if HTML_START.match(head):
        return Kind.HTML
    if head.lstrip().startswith("<?xml"):
        return Kind.XML
    if EMAIL_START.match(head) and EMAIL_FIELD.search(head) and source.suffix in ("", ".mht", ".email"):
        return Kind.EMAIL
    if source.suffix in ("", ".ipynb") and head.lstrip()[:1] in ("{", "["):
        return Kind.JSON
    return Kind.PLAIN


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 for byte in head)


def _ole_kind(source: Source) -> Kind:
    with open_compound(source, DAMAGED) as compound:
        if compound.exists("EncryptedPackage"):
            raise DocumentRejected(PROTECTED)
        for stream, kind in OLE_STREAMS:
            if compound.exists(stream):
                return kind
    raise DocumentRejected("is an old Office file of a kind that cannot be read")


def _zip_kind(source: Source) -> Kind:
    with open_zip(source, DAMAGED) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > source.limits.max_unpacked_bytes:
            raise DocumentRejected(BOMB)
        if _is_encrypted(archive) or any(member.flag_bits & 1 for member in members):
            raise DocumentRejected(PROTECTED)
        return _kind_of_members(archive, source.suffix)


def _kind_of_members(archive: zipfile.ZipFile, suffix: str) -> Kind:
    mimetype = _small_member(archive, "mimetype", 100)
    for start, kind in ZIP_TYPES:
        if mimetype.startswith(start.encode()):
            return kind
    names = archive.NameToInfo
    for prefix, kind in ZIP_MEMBERS if "[Content_Types].xml" in names or suffix in ZIP_SUFFIXES else ():
        if any(name.startswith(prefix) for name in names):
            return kind
    return Kind.EPUB if "META-INF/container.xml" in names else Kind.ARCHIVE


def _is_encrypted(archive: zipfile.ZipFile) -> bool:
    """As OpenDocument says it."""
    return b"encryption-data" in _small_member(archive, "META-INF/manifest.xml", 1024 * 1024)


def _small_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    info = archive.NameToInfo.get(name)
    return archive.read(info) if info and info.file_size <= most and not info.flag_bits & 1 else b""
