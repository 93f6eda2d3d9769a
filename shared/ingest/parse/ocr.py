"""Reads one page that is a picture: makes it grey, has tesseract read it. Runs in a child of server.py."""

import io
import subprocess
from pathlib import Path

from PIL import Image

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse import image, ocr_layout, pdf
from shared.ingest.parse.kind import Kind, binary_kind
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.ocr_layout import Reading
from shared.ingest.parse.scanned import Scan
from shared.ingest.parse.source import Source
from shared.ingest.parse.tesseract import Tesseract
from shared.ingest.parse.text import clean

AS_IT_STANDS = "3"  # tesseract's page segmentation modes: find the blocks of text
TURNED_UPRIGHT = "1"  # the same, once the page's direction is found
SURE = 70.0  # mean confidence, in percent; what is legible has more than 80, upside down some 35


def read_scan(path: Path, scan: Scan, limits: ParseLimits) -> ParsedDocument:
    """One page of Markdown, empty if no text is recognised in it. Errors: `DocumentRejected`."""
    source = Source(file=path, name="", limits=limits)
    render = pdf.picture if binary_kind(source) is Kind.PDF else image.picture
    pixels = _portable(render(source, scan.page))
    reading = _read(pixels, scan.tesseract, AS_IT_STANDS)
    if scan.tesseract.finds_rotation and 0 < reading.confidence < SURE:
        reading = max(reading, _read(pixels, scan.tesseract, TURNED_UPRIGHT), key=lambda one: one.confidence)
    page = ParsedPage(number=scan.page, text=clean(reading.markdown))
    return ParsedDocument(title="", pages=(page,))


def _portable(picture: Image.Image) -> bytes:
    """In a format without compression: tesseract's own decoders see nothing of the file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PPM")
    return buffer.getvalue()


def _read(pixels: bytes, tesseract: Tesseract, segmentation: str) -> Reading:
    """The program is bound by the limits of this process and dies with its group."""
    folder = ["--tessdata-dir", tesseract.folder] if tesseract.folder else []
    command = [tesseract.program, "-", "-", *folder, "-l", tesseract.languages]
    run = subprocess.run(  # noqa: S603 found by find_tesseract
        [*command, "--psm", segmentation, "--dpi", str(pdf.DPI), "tsv"],
        input=pixels,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"OMP_THREAD_LIMIT": "1"},
        check=False,
    )
    if run.returncode != 0:
        raise DocumentRejected("holds a picture that text recognition fails on; make it smaller or clearer")
    return ocr_layout.reading(run.stdout.decode("utf-8", "replace"))
