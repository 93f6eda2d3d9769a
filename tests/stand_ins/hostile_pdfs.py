"""PDF files made to exhaust or to mislead a reader. Used by hostile_files.py."""

import zlib
from collections.abc import Sequence

from tests.stand_ins.hostile_archives import zeros

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
ONE_PAGE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
TEXT = b"BT /F1 12 Tf 50 700 Td (The pump runs for nine hours) Tj ET "


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Object 1 is the catalog; `trailer` adds entries to the trailer."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = trailer.replace(b"START", b"%d" % start)
    body += b"trailer<</Size %d/Root 1 0 R%b>>\n" % (len(objects) + 1, trailer)
    return bytes(body) + b"startxref\n%d\n%%%%EOF\n" % start


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), entries, content)


def page(contents: int, resources: bytes = b"/Font<</F1 5 0 R>>") -> bytes:
    return b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<<%b>>>>" % (
        contents,
        resources,
    )


def one_page(
    contents: bytes, *more: bytes, resources: bytes = b"/Font<</F1 5 0 R>>", trailer: bytes = b""
) -> bytes:
    """Objects: 3 the page, 4 its contents, 5 the font, from 6 on `more`."""
    return pdf([CATALOG, ONE_PAGE, page(4, resources), contents, FONT, *more], trailer)


def stream_bomb() -> bytes:
    """4 GB of zeros, packed twice: 20 kB."""
    twice = zlib.compress(zeros(4_000, "zlib"))
    return one_page(stream(twice, b"/Filter[/FlateDecode/FlateDecode]"))


def chained_filters() -> bytes:
    content = TEXT
    for _ in range(1_000):
        content = zlib.compress(content, 0)
    return one_page(stream(content, b"/Filter[" + b"/FlateDecode" * 1_000 + b"]"))


def million_pages() -> bytes:
    """One page, named a million times."""
    kids = b"<</Type/Pages/Kids[" + b"3 0 R " * 1_000_000 + b"]/Count 1000000>>"
    return pdf([CATALOG, kids, page(4), stream(TEXT), FONT])


def lying_count() -> bytes:
    return pdf([CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 2147483647>>", page(4), stream(TEXT), FONT])


def cyclic_page_tree() -> bytes:
    node = b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 2/Parent 2 0 R>>"
    return pdf([CATALOG, node % (3, 3), node % (2, 3)])


def deep_page_tree(levels: int = 20_000) -> bytes:
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 3) for number in range(levels)]
    return pdf([CATALOG, *nodes, page(1)])


def deep_arrays() -> bytes:
    return one_page(stream(TEXT), b"[" * 500_000 + b"]" * 500_000, trailer=b"/Info 6 0 R")


def deep_contents() -> bytes:
    return one_page(stream(b"[" * 1_000_000 + b"<<" * 1_000_000 + TEXT))


def xref_loop() -> bytes:
    return one_page(stream(TEXT), trailer=b"/Prev START")


def own_length() -> bytes:
    """A stream whose length is the stream itself."""
    return one_page(b"<</Length 4 0 R>>stream\n" + TEXT + b"\nendstream")


def forms_in_forms(levels: int = 12, width: int = 12) -> bytes:
    """Each form draws the next twelve times: 12 ** 12 texts."""
    entries = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>/XObject<</X %d 0 R>>>>"
    )
    forms = [stream(b"/X Do " * width, entries % (number + 7)) for number in range(levels)]
    last = stream(TEXT, b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>")
    return one_page(stream(b"/X Do "), *forms, last, resources=b"/XObject<</X 6 0 R>>")


def form_in_itself() -> bytes:
    form = stream(
        b"/X Do " + TEXT, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"
    )
    return one_page(stream(b"/X Do "), form, resources=b"/XObject<</X 6 0 R>>")


def endless_text(megabytes: int = 60) -> bytes:
    """One page that shows one letter over and over."""
    line = b"BT /F1 1 Tf 1 1 Td " + b"(a)Tj " * 1_000 + b"ET "
    packer = zlib.compressobj()
    packed = (
        b"".join(packer.compress(line) for _ in range(megabytes * 1_000_000 // len(line))) + packer.flush()
    )
    return one_page(stream(packed, b"/Filter/FlateDecode"))


def endless_work(pages: int = 4_000) -> bytes:
    """Pages that share their contents: little memory, and more time than a parse may take."""
    lines = b"".join(b"50 %d Td (" % -at + b"pump " * 40 + b")Tj " for at in range(200))
    kids = b"<</Type/Pages/Kids[" + b"3 0 R " * pages + b"]/Count %d>>" % pages
    return pdf([CATALOG, kids, page(4), stream(b"BT /F1 9 Tf " + lines + b"ET"), FONT])
