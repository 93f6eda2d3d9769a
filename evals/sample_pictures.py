"""Writes samples that are pictures of text, as a scanner gives them. Used by `evals.build_samples`."""

import random
from io import BytesIO
from pathlib import Path
from typing import Any

from evals.sample_blocks import Block

_PAGE = (1240, 1754)  # A4 at 150 dots per inch
_DPI = 150
_TILT = 0.4  # degrees
_GREYS = 8
_SPECKS = 400


def write_scan(title: str, blocks: list[Block]) -> bytes:
    """A PDF of one picture, without any text in it."""
    import reportlab.rl_config
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    reportlab.rl_config.invariant = 1
    target = BytesIO()
    size = tuple(side * 72 / _DPI for side in _PAGE)
    canvas = Canvas(target, pagesize=size, invariant=1)
    canvas.setTitle(title)
    canvas.drawImage(ImageReader(BytesIO(write_picture(title, blocks))), 0, 0, *size)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def write_picture(title: str, blocks: list[Block]) -> bytes:
    """A PNG: lines of text, a little askew, on paper that is not quite clean."""
    from PIL import Image, ImageDraw

    page = Image.new("L", _PAGE, 246)
    draw = ImageDraw.Draw(page)
    draw.rectangle((110, 130, 1130, 134), fill=90)
    top = 190
    for block in blocks:
        size = 50 if block.kind == "heading" else 32
        draw.text((130, top), block.text, font=_font(size), fill=30)
        top += int(size * 2.1)
    draw.rectangle((110, top + 30, 1130, top + 34), fill=90)
    dice = random.Random(title)  # nosec B311
    for _ in range(_SPECKS):
        at = (dice.randrange(_PAGE[0]), dice.randrange(_PAGE[1]))
        draw.point(at, fill=dice.randrange(120, 220))
    askew = page.rotate(_TILT, Image.Resampling.BICUBIC, fillcolor=246)
    step = 256 // _GREYS
    target = BytesIO()
    askew.point(lambda grey: grey // step * step + step // 2).save(
        target, "PNG", optimize=True, dpi=(_DPI, _DPI)
    )
    return target.getvalue()


def _font(size: int) -> Any:
    """The typeface that reportlab brings: the same on every machine."""
    import reportlab
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "VeraBd.ttf"), size)
