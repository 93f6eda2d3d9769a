"""Reads one page that is a picture: makes it grey, has tesseract read it. Runs in a child of server.py."""

import io
import re
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

DIRECTION, TEXT = "0", "3"  # tesseract's page segmentation modes: which side is up; blocks of text
SURE = 70.0  # mean confidence, in percent; what is legible has more than 80, upside down some 35
ROTATION = re.compile(r"^Rotate: (90|180|270)$", re.M)  # degrees, clockwise


def read_scan(path: Path, scan: Scan, limits: ParseLimits) -> ParsedDocument:
    """One page of Markdown, empty if no text is recognised in it. Errors: `DocumentRejected`."""
    source = Source(file=path, name="", limits=limits)
    draw = pdf.picture if binary_kind(source) is Kind.PDF else image.picture
    picture = draw(source, scan.page)
    reading = _read(picture, scan.tesseract)
    if scan.tesseract.finds_rotation and (0 < reading.confidence < SURE or reading.is_sideways):
        turned = ROTATION.search(_run(picture, scan.tesseract, "-l", "osd", "--psm", DIRECTION) or "")
        if turned:
            reading = _read(picture.rotate(-int(turned[1]), expand=True), scan.tesseract)
    page = ParsedPage(number=scan.page, text=clean(reading.markdown))
    return ParsedDocument(title="", pages=(page,))


def _read(picture: Image.Image, tesseract: Tesseract) -> Reading:
    rows = _run(picture, tesseract, "-l", tesseract.languages, "--psm", TEXT, "tsv")
    if rows is None:
        raise DocumentRejected("holds a picture that text recognition fails on; make it smaller or clearer")
    return ocr_layout.reading(rows)


def _run(picture: Image.Image, tesseract: Tesseract, *options: str) -> str | None:
    """What the program says, None if it fails. It is bound by this process's limits and dies with its group.

    It is given bare pixels: its own decoders see nothing of the file.
    """
    pixels = io.BytesIO()
    picture.save(pixels, "PPM")
    folder = ["--tessdata-dir", tesseract.folder] if tesseract.folder else []
    run = subprocess.run(  # noqa: S603 found by find_tesseract
        [tesseract.program, "-", "-", *folder, "--dpi", str(pdf.DPI), *options],
        input=pixels.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"OMP_THREAD_LIMIT": "1"},
        check=False,
    )
    return run.stdout.decode("utf-8", "replace") if run.returncode == 0 else None
