"""Scans and pictures for the tests of OCR, and a stand-in for tesseract that tells pages by their sizes."""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from shared.ingest.parse.tesseract import Tesseract

HEAD = "level page_num block_num par_num line_num word_num left top width height conf text"
FAKE = """#!/bin/sh
read magic
read width height
case $width in
{cases}
esac
printf '{head}\\n'
printf '5 1 1 1 1 1 10 10 100 20 95 page-%s\\n' $width | tr ' ' '\\t'
"""


def fake_tesseract(folder: Path, **behaviour: str) -> Tesseract:
    """Reads `page-<width>`; `w204="sleep 60"` is what it does first for a page that is 204 pixels wide."""
    cases = "\n".join(f"{width.removeprefix('w')}) {what} ;;" for width, what in behaviour.items())
    program = folder / "tesseract"
    program.write_text(FAKE.format(cases=cases, head=HEAD.replace(" ", "\\t")))
    program.chmod(0o700)
    return Tesseract(program=str(program), folder="", languages="eng", finds_rotation=False)


def tiff(pages: int) -> bytes:
    """Page n is 100 + n pixels wide, and read doubled."""
    frames = [Image.new("L", (100 + number, 50), 255) for number in range(1, pages + 1)]
    return saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])


def page_with(lines: Sequence[str], *, size: int = 12) -> Image.Image:
    """A page as a scanner with 200 dots per inch makes it; cells of a row are divided by tabs."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(595, 842))
    canvas.setFont("Helvetica", size)
    for at, line in enumerate(lines):
        for column, cell in enumerate(line.split("\t")):
            canvas.drawString(60 + column * 160, 780 - at * size * 1.4, cell)
    canvas.save()
    document = pypdfium2.PdfDocument(target.getvalue())
    picture: Image.Image = document[0].render(scale=200 / 72).to_pil().convert("RGB")
    document.close()
    return picture


def scanned_pdf(*pages: Image.Image) -> bytes:
    return saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=200)


def text_and_scan_pdf() -> bytes:
    """Page 1 has text, page 2 a picture, page 3 nothing."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(792, 612))
    canvas.drawString(60, 500, "This page has text of its own.")
    canvas.showPage()
    canvas.drawInlineImage(Image.new("L", (60, 60), 128), 100, 100, 200, 200)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)  # type: ignore[arg-type]
    return target.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """To have so many pixels; its data end early."""

    def part(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(1000)))


def gif_that_claims(width: int, height: int) -> bytes:
    size = struct.pack("<HH", width, height)
    return b"GIF89a" + size + bytes(3) + b"," + bytes(4) + size + b"\0\x02\x02\x44\x01\0;"


def bmp_that_claims(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + bytes(100)
