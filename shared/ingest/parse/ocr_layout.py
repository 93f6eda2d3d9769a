"""Words that tesseract found, with their places, to Markdown. Called by `ocr`."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise

from shared.ingest.parse.pdf import CELL_GAP, DPI
from shared.ingest.parse.pdf_layout import to_markdown
from shared.ingest.parse.pdf_table import Cell, Line

COLUMNS = 12  # of a row of tesseract's TSV
WORD_LEVEL = "5"
BODY = 10.0  # points; one size for all lines: measured ones differ by the letters in a line
MIN_CONFIDENCE = 20.0  # percent; below, specks and lines are taken for letters
POINT = DPI / 72  # pixels


@dataclass(frozen=True, kw_only=True)
class Reading:
    markdown: str
    confidence: float  # percent, the mean over the letters; 0 for a page without any


@dataclass(frozen=True, kw_only=True)
class _Word:
    block: str
    line: tuple[str, str]
    left: int
    width: int
    height: int
    confidence: float
    text: str


def reading(tsv: str) -> Reading:
    words = [word for row in tsv.split("\n")[1:] if (word := _word(row)) is not None]
    letters = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0
    kept = [word for word in words if word.confidence >= MIN_CONFIDENCE]
    blocks = ([*block] for _, block in groupby(kept, key=lambda word: word.block))
    texts = (to_markdown([_lines(block)])[0] for block in blocks)
    return Reading(markdown="\n\n".join(text for text in texts if text.strip()), confidence=confidence)


def _word(row: str) -> _Word | None:
    cells = row.split("\t")
    if len(cells) != COLUMNS or cells[0] != WORD_LEVEL or not cells[11].strip():
        return None
    _, _, block, paragraph, line, _, left, _, width, height, confidence, text = cells
    return _Word(
        block=block, line=(paragraph, line), left=int(left), width=int(width), height=int(height),
        confidence=float(confidence), text=text.strip(),
    )  # fmt: skip


def _lines(block: Iterable[_Word]) -> list[Line]:
    lines = ([*line] for _, line in groupby(block, key=lambda word: word.line))
    return [Line(height=BODY, cells=tuple(_cells(line))) for line in lines]


def _cells(words: list[_Word]) -> list[Cell]:
    """Split where the gap between two words is as wide as the line is high."""
    gap = CELL_GAP * 1.5 * max(word.height for word in words)
    groups = [[words[0]]]
    for before, word in pairwise(words):
        if word.left - before.left - before.width > gap:
            groups.append([])
        groups[-1].append(word)
    return [
        Cell(
            left=group[0].left / POINT,
            right=(group[-1].left + group[-1].width) / POINT,
            text=" ".join(word.text for word in group),
        )
        for group in groups
    ]
