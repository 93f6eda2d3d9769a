"""What a file is: by its content, with its name as a hint among text formats. Called by `file.parse_file`."""

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source

PROTECTED = "is password-protected; upload an unprotected copy"
DAMAGED = "is damaged or incomplete; open it, save it anew and upload that"
BOMB = "unpacks to more than can be read; split it into smaller files"


class Kind(StrEnum):
    PDF = "PDF"
    WORD = "Word document"
    SLIDES = "presentation"
    SHEETS = "workbook"
    HTML = "web page"
    MARKDOWN = "Markdown file"
    PLAIN = "text file"
    CSV = "CSV file"
    JSON = "JSON file"
    EMAIL = "e-mail"

    @property
    def with_article(self) -> str:
        return f"an {self}" if self is Kind.EMAIL else f"a {self}"


SUFFIXES = {
    ".html": Kind.HTML, ".htm": Kind.HTML, ".xhtml": Kind.HTML,
    ".md": Kind.MARKDOWN, ".markdown": Kind.MARKDOWN,
    ".csv": Kind.CSV, ".tsv": Kind.CSV,
    ".json": Kind.JSON, ".jsonl": Kind.JSON, ".ndjson": Kind.JSON,
    ".eml": Kind.EMAIL,
}  # fmt: skip
BINARY_SUFFIXES = (
    ".pdf", ".docx", ".docm", ".pptx", ".pptm", ".ppt", ".xlsx", ".xlsm", ".xlsb", ".ods", ".odt", ".odp",
    ".rtf", ".msg", ".epub", ".zip", ".gz", ".7z", ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp",
)  # fmt: skip
UNSUPPORTED = (
    (b"\x89PNG", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"), (b"MM\x00*", "a TIFF image"), (b"BM", "a bitmap image"),
    (b"RIFF", "a media file"), (b"ID3", "a sound file"), (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"), (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"), (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"{\\rtf", "an RTF file; save it as .docx"), (b"SQLite format 3", "a database"),
)  # fmt: skip
TEXTUAL_MAGIC = (b"BM", b"MZ", b"ID3", b"RIFF")  # words may begin so, too
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_STREAMS = (
    ("WordDocument", "a Word 97–2003 document; save it as .docx"),
    ("PowerPoint Document", "a PowerPoint 97–2003 presentation; save it as .pptx"),
    ("__properties_version1.0", "an Outlook message; save it as .eml"),
)
ZIP_MEMBERS = (("word/", Kind.WORD), ("ppt/", Kind.SLIDES), ("xl/", Kind.SHEETS))
HTML_START = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S
)
EMAIL_START = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*:[ \t]*\S[^\n]*\n(?:[ \t]+[^\n]*\n)*){2,}\s*", re.S)
EMAIL_FIELD = re.compile(r"^(from|received|return-path|message-id|mime-version):", re.I | re.M)


def binary_kind(source: Source) -> Kind | None:
    """The kind of a binary file, None for text. `DocumentRejected` for what is not parsed, and why."""
    head = source.content[:4096]
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.startswith(OLE):
        return _ole_kind(source.content)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(source.path, source.limits.max_unpacked_bytes)
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
    if EMAIL_START.match(head) and EMAIL_FIELD.search(head) and source.suffix in ("", ".mht", ".email"):
        return Kind.EMAIL
    if source.suffix in ("", ".ipynb") and head.lstrip()[:1] in ("{", "["):
        return Kind.JSON
    return Kind.PLAIN


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 for byte in head)


def _ole_kind(content: bytes) -> Kind:
    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise DocumentRejected(PROTECTED)
    if has("Workbook") or has("Book"):
        return Kind.SHEETS
    for stream, what in OLE_STREAMS:
        if has(stream):
            raise DocumentRejected(f"is {what}")
    raise DocumentRejected("is an old Office file of a kind that cannot be read")


def _zip_kind(path: Path, max_unpacked: int) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            is_ods = (
                archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
                if ("mimetype" in archive.NameToInfo and archive.NameToInfo["mimetype"].file_size < 100)
                else False
            )
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        raise DocumentRejected(DAMAGED) from error
    if any(member.flag_bits & 1 for member in members):
        raise DocumentRejected(PROTECTED)
    if sum(member.file_size for member in members) > max_unpacked:
        raise DocumentRejected(BOMB)
    if is_ods:
        return Kind.SHEETS
    for prefix, kind in ZIP_MEMBERS:
        if any(member.filename.startswith(prefix) for member in members):
            return kind
    raise DocumentRejected("is a zip archive without an Office document; upload the files in it one by one")
