"""Words that tesseract found, with their places, to Markdown. Called by `ocr`.

Tesseract takes the columns of a table without lines for blocks of text beside each other. They are put
together where that makes a table, and left as they are where it does not: prose in columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from shared.ingest.parse.pdf import CELL_GAP, DPI
from shared.ingest.parse.pdf_layout import to_markdown
from shared.ingest.parse.pdf_table import Cell, Line, Table, find_tables

COLUMNS = 12  # of a row of tesseract's TSV
WORD_LEVEL = "5"
BODY = 10.0  # points; one size for all lines: measured ones differ by the letters in a line
MIN_CONFIDENCE = 20.0  # percent; below, specks and lines are taken for letters
POINT = DPI / 72  # pixels
GAP = 1.5 * CELL_GAP  # between cells, by the height of the letters in their line
BESIDE = 0.8  # of a block's height, beside others


@dataclass(frozen=True, kw_only=True)
class Reading:
    markdown: str
    confidence: float  # percent, the mean over the letters; 0 for a page without any
    is_sideways: bool  # its lines run up or down


@dataclass(frozen=True, kw_only=True)
class _Word:
    block: str
    line: tuple[str, str]
    left: int
    top: int
    width: int
    height: int
    confidence: float
    text: str


def reading(tsv: str) -> Reading:
    words = [word for row in tsv.split("\n")[1:] if (word := _word(row)) is not None]
    letters = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0
    kept = [word for word in words if word.confidence >= MIN_CONFIDENCE]
    blocks = [_Block([*block]) for _, block in groupby(kept, key=lambda word: word.block)]
    texts = (to_markdown([block.lines])[0] for block in _with_tables(blocks))
    return Reading(
        markdown="\n\n".join(text for text in texts if text.strip()),
        confidence=confidence,
        is_sideways=sum(word.width - word.height for word in kept if len(word.text) > 2) < 0,
    )


def _word(row: str) -> _Word | None:
    cells = row.split("\t")
    if len(cells) != COLUMNS or cells[0] != WORD_LEVEL or not cells[11].strip():
        return None
    _, _, block, paragraph, line, _, left, top, width, height, confidence, text = cells
    return _Word(
        block=block, line=(paragraph, line), left=int(left), top=int(top), width=int(width),
        height=int(height), confidence=float(confidence), text=text.strip(),
    )  # fmt: skip


class _Block:
    """Words that belong together, at least one."""

    def __init__(self, words: Sequence[_Word]) -> None:
        self.words = words
        self.top = min(word.top for word in words)
        self.bottom = max(word.top + word.height for word in words)
        self.lines = [Line(height=BODY, cells=tuple(_cells(row))) for row in _rows(words)]
        tables = (each for each in find_tables(self.lines, lambda _: False) if isinstance(each, Table))
        self.table_cells = sum(cell != "" for table in tables for row in table.rows for cell in row)

    def is_beside(self, other: "_Block") -> bool:
        shared = min(self.bottom, other.bottom) - max(self.top, other.top)
        return shared >= BESIDE * min(self.bottom - self.top, other.bottom - other.top)


def _with_tables(blocks: Sequence[_Block]) -> list[_Block]:
    done: list[_Block] = []
    for block in blocks:
        for at, before in enumerate(done):
            together = _Block([*before.words, *block.words]) if block.is_beside(before) else None
            if together and together.table_cells > before.table_cells + block.table_cells:
                done[at] = together
                break
        else:
            done.append(block)
    return done


def _rows(words: Sequence[_Word]) -> list[list[_Word]]:
    """Tesseract's lines from top to bottom; those beside each other are one."""
    lines = [[*line] for _, line in groupby(words, key=lambda word: (word.block, word.line))]
    rows: list[list[_Word]] = []
    for line in sorted(lines, key=_centre):
        if rows and _centre(line) - _centre(rows[-1]) < _height(rows[-1]) / 2:
            rows[-1] += line
        else:
            rows.append(line)
    return [sorted(row, key=lambda word: word.left) for row in rows]


def _centre(line: Sequence[_Word]) -> float:
    return sum(word.top + word.height / 2 for word in line) / len(line)


def _height(line: Sequence[_Word]) -> int:
    return max(word.height for word in line)


def _cells(row: Sequence[_Word]) -> list[Cell]:
    gap = GAP * _height(row)
    cells = [[row[0]]]
    for before, word in pairwise(row):
        if word.left - before.left - before.width > gap:
            cells.append([])
        cells[-1].append(word)
    return [
        Cell(
            left=cell[0].left / POINT,
            right=(cell[-1].left + cell[-1].width) / POINT,
            text=" ".join(word.text for word in cell),
        )
        for cell in cells
    ]
