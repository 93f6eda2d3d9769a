"""What cannot be parsed is rejected with a reason that a person can act on, and quickly."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdf
import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.scanned import ScannedDocument
from tests.stand_ins.hostile_pdfs import one_page, stream
from tests.unit.ingest.parse.scans import tiff
from tests.vectors.compound_files import compound_file

SAMPLES = Path(__file__).parents[4] / "samples"
Parse = Callable[[str, bytes], ParsedDocument]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter(clone_from=SAMPLES / "price-list-2026.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    return pdf_bytes(writer)


def blank_pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    return pdf_bytes(writer)


def pdf_bytes(writer: pypdf.PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def drawing(strokes: int) -> bytes:
    return one_page(stream(b"50 50 m 90 90 l S " * strokes))


def empty_workbook() -> bytes:
    target = io.BytesIO()
    openpyxl.Workbook().save(target)
    return target.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
CASES = [
    ("empty.pdf", lambda: b"", "is empty"),
    ("blank.txt", lambda: b" \r\n\t ", "is empty"),
    ("locked.pdf", encrypted_pdf, "password-protected; upload an unprotected copy"),
    ("locked.docx", lambda: compound_file({"EncryptedPackage": bytes(5000)}), "password-protected"),
    ("cut.pdf", lambda: sample("price-list-2026.pdf")[:700], "damaged or incomplete"),
    ("cut.docx", lambda: sample("warranty-terms.docx")[:9000], "damaged or incomplete"),
    ("cut.xlsx", lambda: sample("calibration-schedule.xlsx")[:3000], "damaged or incomplete"),
    ("broken.png", lambda: PNG, "damaged or incomplete"),
    ("words.pdf", lambda: b"just some words", "is named .pdf but its content is plain text"),
    ("page.docx", lambda: b"<html><body>Sign in</body></html>", "is named .docx but its"),
    ("blank.pdf", blank_pdf, "is a PDF without any text"),
    ("drawing.pdf", lambda: drawing(strokes=9), "is a PDF without any text"),
    ("scan.tif.gz", lambda: gzip.compress(tiff(1)), "is a picture or a scan, which are not read in archives"),
    ("scans.zip", lambda: zip_of({"a.tif": tiff(2)}), "a.tif is a picture or a scan, which are not read in"),
    ("drawing.vsd", lambda: compound_file({"VisioDocument": b"x"}), "an old Office file of a kind"),
    ("cut.doc", lambda: compound_file({"WordDocument": b"x"})[:600], "damaged or incomplete"),
    ("shell.docx", lambda: zip_of({"word/nothing.xml": b"<a/>"}), "damaged or incomplete"),
    ("shell.pptx", lambda: zip_of({"ppt/nothing.xml": b"<a/>"}), "damaged or incomplete"),
    ("noise.txt", lambda: bytes(range(256)) * 20, "neither text nor a known format"),
    ("deep.json", lambda: b"[" * 200_000 + b"]" * 200_000, "nested more than"),
    ("deep.json", lambda: b"[" * 400 + b"1" + b"]" * 400, "nested more than"),
    ("broken.json", lambda: b'{"a": 1,\n "b": }', "is not valid JSON"),
    ("empty.xlsx", empty_workbook, "workbook whose sheets are empty"),
    ("long-line.txt", lambda: b"word " * 10_000_000, "holds more text than can be indexed"),
    ("rows.csv", lambda: b"a,b\n" * 6_000_000, "holds more text than can be indexed"),
    ("secret.eml", lambda: b"Content-Type: multipart/encrypted; boundary=x\n\n--x--", "encrypted message"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "reason"), CASES, ids=[f"{name}: {reason}" for name, _, reason in CASES]
)
def test_a_file_that_cannot_be_parsed_says_why(
    parse: Parse, name: str, content: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(DocumentRejected, match=reason.replace(".", r"\.")):
        parse(name, content())


def test_a_page_of_outlines_that_may_be_letters_is_a_scan(parse: Parse) -> None:
    document = parse("outlined.pdf", drawing(strokes=60))
    assert isinstance(document, ScannedDocument)
    assert document.scans == (1,)


def test_a_file_over_the_size_limit_is_rejected_unread(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    path.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(DocumentRejected, match="is larger than 1 MiB"):
        parse_file(path, "big.txt", ParseLimits(max_file_bytes=1024 * 1024))


def test_a_zip_bomb_is_rejected_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    zeros = bytes(3 * 1024 * 1024)
    path.write_bytes(zip_of({"word/document.xml": zeros, "word/media/a": zeros}))
    assert path.stat().st_size < 10_000
    with pytest.raises(DocumentRejected, match="unpacks to more than can be read"):
        parse_file(path, "bomb.docx", ParseLimits(max_unpacked_bytes=4 * 1024 * 1024))


def test_archives_in_an_archive_share_its_allowance(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    inner = zip_of({"a.txt": b"word " * 50_000})
    path.write_bytes(zip_of({f"{number}.zip": inner for number in range(5)}))
    with pytest.raises(DocumentRejected, match="unpacks to more than can be read"):
        parse_file(path, "bomb.zip", ParseLimits(max_unpacked_bytes=1024 * 1024))
    assert len(parse_file(path, "fine.zip", ParseLimits(max_unpacked_bytes=2 * 1024 * 1024)).pages) == 5


def test_a_gzip_bomb_is_rejected_before_it_is_unpacked_whole(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    path.write_bytes(gzip.compress(bytes(8 * 1024 * 1024)))
    with pytest.raises(DocumentRejected, match="unpacks to more than can be read"):
        parse_file(path, "bomb.gz", ParseLimits(max_file_bytes=1024 * 1024))
