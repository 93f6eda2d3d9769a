"""Pictures: a page each, two or more in a TIFF. `file.parse_file` calls `parse`, `ocr` calls `picture`.

The size is read from the head of the file and checked before anything is decoded.
"""

import io

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from shared.domain import ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.scanned import ScannedDocument
from shared.ingest.parse.source import Source
from shared.ingest.parse.title import choose_title

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
MAX_PIXELS = 60_000_000  # in colour they take 240 MB
MAX_SIDE = 30_000  # tesseract takes 32,767
LEGIBLE = 2_000  # pixels of the longer side; smaller ones are doubled, for their small print

Image.MAX_IMAGE_PIXELS = None  # the size is checked here, with a reason for people


def parse(source: Source) -> ScannedDocument:
    with _open(source) as image:
        count = _count(image, source.limits)
    pages = tuple(ParsedPage(number=number, text="") for number in range(1, count + 1))
    title = choose_title(source.name, None)
    return ScannedDocument(title=title, pages=pages, scans=tuple(page.number for page in pages))


def picture(source: Source, page: int) -> Image.Image:
    """In grey, upright, on white. `DocumentRejected` if it cannot be decoded."""
    with _open(source) as image:
        try:
            image.seek(page - 1)
            _check_size(image)
            image.draft("L", image.size)
            grey = _grey(ImageOps.exif_transpose(image))
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise DocumentRejected(DAMAGED) from error
    if max(grey.size) < LEGIBLE:
        return grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.LANCZOS)
    return grey


def _open(source: Source) -> Image.Image:
    try:
        file = io.BytesIO(source.file) if isinstance(source.file, bytes) else source.file
        image = Image.open(file, formats=FORMATS)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DocumentRejected(DAMAGED) from error
    _check_size(image)
    return image


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise DocumentRejected(
            f"is a picture of {image.width} × {image.height} pixels, more than can be read; make it smaller"
        )


def _count(image: Image.Image, limits: ParseLimits) -> int:
    """The frames of a TIFF are pages; those of other formats are an animation."""
    if image.format != "TIFF":
        return 1
    count = 0
    for _ in ImageSequence.Iterator(image):
        count += 1
        if count > limits.max_pages:
            raise DocumentRejected(f"has more than {limits.max_pages} pages; split it up")
    return count


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("L")
    return image.convert("L")
