"""Files that mean harm, made by our own code, each with how its parse has to end.

`HOSTILE` is the table. Used by the parser tests and by tests/faults.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdf

from tests.stand_ins import hostile_archives as zips
from tests.stand_ins import hostile_markup as markup
from tests.stand_ins import hostile_pdfs as pdfs
from tests.stand_ins.hostile_archives import Member, archive, honest
from tests.stand_ins.hostile_markup import DEEP

SAMPLES = Path(__file__).parents[2] / "samples"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAGIC = {
    "pdf": b"%PDF-1.7\n", "docx": b"PK\x03\x04", "xls": OLE, "png": b"\x89PNG\r\n\x1a\n",
    "gz": b"\x1f\x8b\x08", "jpg": b"\xff\xd8\xff\xe0", "gif": b"GIF89a", "tif": b"II*\x00",
    "webp": b"RIFF\x00\x00\x00\x00WEBP", "7z": b"7z\xbc\xaf\x27\x1c",
    "rtf": b"{\\rtf1 ", "xml": b"<?xml version='1.0'?>", "json": b"{",
}  # fmt: skip
EMPTY = "pdf docx xlsx pptx odt epub html md txt csv json xml yaml rtf eml msg png zip bin".split()  # noqa: SIM905
READ = "read"  # harmless: the document comes out
ANY = "read|is "  # depends on the parser; in either case without what was meant to happen
PROTECTED = "is password-protected"
BOMB = "unpacks to more"
ENTITIES = "holds XML entities that unfold"
TOO_DEEP = "is nested deeper than"
TOO_MUCH = "needs more memory|took longer|holds more"


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """`ends` is found at the start of the reason for its rejection, or is `read`."""

    name: str
    make: Callable[[], bytes]
    ends: str


def locked_pdf() -> bytes:
    writer = pypdf.PdfWriter(clone_from=SAMPLES / "price-list-2026.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def locked_office_file() -> bytes:
    """The smallest compound file that says so: a header, its allocation table, its directory, a stream."""
    end_of_chain, free = 0xFFFFFFFE, 0xFFFFFFFF
    head = OLE + struct.pack(
        "<16x5H6x10I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end_of_chain, 0, end_of_chain, 0, 0
    )
    table = (0xFFFFFFFD, end_of_chain, *range(3, 10), end_of_chain)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        wide = name.encode("utf-16-le")
        links = (len(wide) + 2, kind, 1, free, free, child)
        return struct.pack("<64sHBB3I36xIQ", wide, *links, start, size)

    directory = entry("Root Entry", 5, 1, end_of_chain, 0) + entry("EncryptedPackage", 2, free, 2, 4096)
    numbers = struct.pack(f"<{len(table)}I", *table)
    return head.ljust(512, b"\xff") + numbers.ljust(512, b"\xff") + directory.ljust(512, b"\0") + bytes(4096)


def picture_bomb(side: int = 50_000) -> bytes:
    """A PNG that unpacks to 2.5 GB."""

    def part(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = zips.zeros(side * side // zips.MIB + 1, "zlib")
    return MAGIC["png"] + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


def random_bytes(magic: bytes) -> bytes:
    return magic + random.Random(magic).randbytes(20_000)


def entry(name: str, content: bytes | str, ends: str) -> Hostile:
    """Of small content."""
    return Hostile(
        name=name, make=lambda: content.encode() if isinstance(content, str) else content, ends=ends
    )


def bombs() -> Iterator[Hostile]:
    texts = ("docx word/document.xml", "xlsx xl/workbook.xml", "pptx ppt/presentation.xml", "odt content.xml")
    for kind, member in (each.split() for each in (*texts, "zip zeros.txt", "epub c.xhtml")):
        yield Hostile(name=f"flat.{kind}", make=lambda m=member: zips.flat_bomb(m, "a", "b"), ends=BOMB)
        yield Hostile(name=f"overlapping.{kind}", make=lambda m=member: zips.overlapping_bomb(m), ends=BOMB)
        yield Hostile(
            name=f"lying.{kind}", make=lambda m=member: zips.lying_bomb(m), ends=f"{BOMB}|{TOO_MUCH}|is "
        )
    yield Hostile(
        name="nested.zip",
        make=lambda: zips.nested(100, b"hello"),
        ends="is an archive in which nothing can be read: inner.zip › inner.zip is an archive in",
    )
    yield Hostile(name="nested-bomb.zip", make=lambda: zips.nested(2, zips.flat_bomb("a.txt")), ends=BOMB)
    yield Hostile(
        name="paths.zip", make=lambda: zips.tricky_paths("The pump runs for nine hours."), ends=READ
    )
    yield Hostile(name="picture.png", make=picture_bomb, ends="is a picture of 50000 × 50000 pixels")
    for kind in markup.ROOTS:
        ends = ENTITIES if kind in ("odt", "svg", "xml") else ANY
        yield Hostile(name=f"laughs.{kind}", make=lambda k=kind: markup.billion_laughs(k), ends=ends)
        yield Hostile(name=f"quadratic.{kind}", make=lambda k=kind: markup.quadratic_blowup(k), ends=ends)
    yield Hostile(name="attached.eml", make=markup.mail_bomb, ends=ANY)


def traps_in_pdfs() -> Iterator[Hostile]:
    for make, ends in (
        (pdfs.stream_bomb, TOO_MUCH),
        (pdfs.chained_filters, READ),
        (pdfs.million_pages, "has 1000000 pages, more than 5000"),
        (pdfs.lying_count, READ),
        (pdfs.cyclic_page_tree, "is a PDF without any text"),
        (pdfs.deep_page_tree, "is a PDF without any text"),
        (pdfs.deep_arrays, READ),
        (pdfs.deep_contents, "is a PDF without any text"),
        (pdfs.xref_loop, READ),
        (pdfs.own_length, READ),
        (pdfs.form_in_itself, READ),
        (pdfs.forms_in_forms, TOO_MUCH),
        (pdfs.endless_text, TOO_MUCH),
        (pdfs.endless_work, "took longer"),
    ):
        yield Hostile(name=f"{make.__name__}.pdf", make=make, ends=ends)


def deep_nesting() -> Iterator[Hostile]:
    yield entry("deep.json", "[" * DEEP + "]" * DEEP, "is nested")
    yield entry("deep-objects.json", '{"a":' * DEEP + "1" + "}" * DEEP, "is nested")
    yield entry("deep.html", "<div>" * DEEP + "hello" + "</div>" * DEEP, ANY)
    yield entry("tables.html", "<table><tr><td>" * 20_000 + "hello", ANY)
    yield entry("deep.md", "".join("  " * depth + "- item\n" for depth in range(3_000)), ANY)
    yield entry("quotes.md", "> " * DEEP + "hello", ANY)
    yield entry("brackets.md", "[" * DEEP + "hello" + "](" * DEEP, ANY)
    yield entry("deep.rtf", "{\\rtf1 " + "{" * DEEP + "hello" + "}" * DEEP + "}", ANY)
    yield entry("deep.xml", "<a>" * DEEP + "hello" + "</a>" * DEEP, ANY)
    yield entry("deep.yaml", "".join(" " * depth + "a:\n" for depth in range(3_000)), ANY)
    yield entry("flow.yaml", "[" * DEEP, ANY)
    yield entry("laughs.yaml", markup.yaml_laughs(), ANY)
    yield Hostile(name="deep.eml", make=markup.deep_mail, ends=TOO_DEEP)
    yield Hostile(name="forwarded.eml", make=markup.forwarded_mail, ends=TOO_DEEP)
    yield entry("wide.csv", "a," * 5_000_000, f"{ANY}|{TOO_MUCH}")
    yield entry("quote.csv", '"' + "a\n" * 1_000_000, ANY)


def disguises() -> Iterator[Hostile]:
    price_list = (SAMPLES / "price-list-2026.pdf").read_bytes()
    yield entry("program.pdf", b"MZ\x90\0" + bytes(200) + b"PE\0\0", "is a program")
    yield entry("program.docx", b"\x7fELF" + bytes(200), "is a program")
    yield entry("page.docx", b"<html><body>Sign in</body></html>", "is named .docx but its content")
    yield entry("really.txt", price_list, READ)
    yield entry("really.docx", price_list, READ)
    yield Hostile(name="locked.pdf", make=locked_pdf, ends=PROTECTED)
    yield Hostile(name="locked.docx", make=locked_office_file, ends=PROTECTED)
    yield Hostile(name="locked.odt", make=markup.encrypted_odt, ends=PROTECTED)
    locked = honest("a.txt", "hello", flags=zips.ENCRYPTED)
    yield Hostile(name="locked.zip", make=lambda: archive(locked), ends=PROTECTED)
    yield Hostile(
        name="wrong-crc.zip", make=lambda: archive(Member(name="a.txt", packed=b"\x03\0", size=9)), ends=""
    )
    for kind in EMPTY:
        yield entry(f"empty.{kind}", b"", "is empty$")
        yield entry(f"nulls.{kind}", bytes(10_000), "is not a document that can be read")
    for kind, magic in MAGIC.items():
        yield Hostile(
            name=f"random.{kind}", make=lambda m=magic: random_bytes(m), ends=ANY if kind == "json" else ""
        )


def cut_files() -> Iterator[Hostile]:
    """Every sample, cut at each seventh: read where the rest still makes sense."""
    for sample in sorted(SAMPLES.iterdir()):
        whole = sample.read_bytes()
        for at in range(1, 7):
            cut = whole[: len(whole) * at // 7]
            is_text = sample.suffix in (".txt", ".md", ".html", ".csv", ".eml")
            yield entry(f"{at}-sevenths-{sample.name}", cut, READ if is_text else ANY)


HOSTILE = (*bombs(), *traps_in_pdfs(), *deep_nesting(), *disguises(), *cut_files())
