"""Writes the binary files of `samples/` from `evals/sample_sources/`: `python -m evals.build_samples`.

The same sources give the same bytes, so that a rebuilt sample shows in a diff only if its text changed.
"""

import re
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from evals.sample_blocks import Block, read_blocks
from evals.sample_books import write_epub, write_odt, write_rtf
from evals.sample_packing import packed, write_msg
from evals.sample_pictures import write_picture, write_scan

SOURCES = Path(__file__).parent / "sample_sources"
SAMPLES = Path(__file__).parent.parent / "samples"
WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_pdf(title: str, blocks: list[Block]) -> bytes:
    from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
    from reportlab.lib.styles import getSampleStyleSheet  # type: ignore[import-untyped]
    from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer  # type: ignore[import-untyped]

    styles = getSampleStyleSheet()
    story: list[Any] = []
    for block in blocks:
        if block.kind == "heading":
            story.append(Paragraph(block.text, styles[f"Heading{block.level}"]))
        elif block.kind == "item":
            story.append(ListFlowable([Paragraph(block.text, styles["BodyText"])], bulletType="bullet"))
        elif block.kind == "table":
            story += [_pdf_table(block.rows, styles["BodyText"]), Spacer(0, 8)]
        elif block.kind == "page":
            story.append(PageBreak())
        else:
            story.append(Paragraph(block.text, styles["BodyText"]))

    def footer(canvas: Any, document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 40, f"Larkspur Instruments · {title} · Page {document.page}")

    target = BytesIO()
    document = SimpleDocTemplate(target, pagesize=A4, title=title, author="Larkspur Instruments", invariant=1)
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return target.getvalue()


def _pdf_table(rows: list[list[str]], style: Any) -> Any:
    from reportlab.lib import colors  # type: ignore[import-untyped]
    from reportlab.platypus import Paragraph, Table

    widths = {2: (220, 220), 3: (90, 260, 100)}[len(rows[0])]
    cells = [[Paragraph(cell, style) for cell in row] for row in rows]
    grid = [("GRID", (0, 0), (-1, -1), 0.25, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table(cells, colWidths=widths, repeatRows=1, hAlign="LEFT", style=grid)


def write_docx(title: str, blocks: list[Block]) -> bytes:
    from docx import Document

    document = Document()
    document.core_properties.title = title
    document.core_properties.created = document.core_properties.modified = WRITTEN_AT
    for block in blocks:
        if block.kind == "heading":
            document.add_heading(block.text, block.level)
        elif block.kind == "item":
            document.add_paragraph(block.text, style="List Bullet")
        elif block.kind == "table":
            table = document.add_table(len(block.rows), len(block.rows[0]), style="Table Grid")
            for cells, row in zip(table.rows, block.rows, strict=True):
                for cell, text in zip(cells.cells, row, strict=True):
                    cell.text = text
        elif block.kind == "page":
            document.add_page_break()  # type: ignore[no-untyped-call]
        else:
            document.add_paragraph(block.text)
    return _same_bytes(document.save)


def write_pptx(title: str, blocks: list[Block]) -> bytes:
    from pptx import Presentation

    presentation = Presentation()
    presentation.core_properties.title = title
    presentation.core_properties.created = presentation.core_properties.modified = WRITTEN_AT
    slides: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "page":
            slides.append([])
        else:
            slides[-1].append(block)
    for number, slide in enumerate(slides):
        _add_slide(presentation, slide, is_first=number == 0)
    return _same_bytes(presentation.save)


def _add_slide(presentation: Any, blocks: list[Block], *, is_first: bool) -> None:
    from pptx.util import Cm

    area = (Cm(2), Cm(5), Cm(21), Cm(11))
    has_list = any(block.kind == "item" for block in blocks)
    slide = presentation.slides.add_slide(presentation.slide_layouts[0 if is_first else 1 if has_list else 5])
    lines = [block.text for block in blocks if block.kind in ("item", "text")]
    if lines:
        slide.placeholders[1].text = "\n".join(lines)
    has_chart = any(block.kind == "chart" for block in blocks)
    for block in blocks:
        if block.kind == "heading":
            slide.shapes.title.text = block.text
        elif block.kind == "note":
            slide.notes_slide.notes_text_frame.text = block.text
        elif block.kind == "table" and has_chart:
            _add_chart(slide, block.rows, next(block.text for block in blocks if block.kind == "chart"), area)
        elif block.kind == "table":
            table = slide.shapes.add_table(len(block.rows), len(block.rows[0]), *area).table
            for number, row in enumerate(block.rows):
                for column, text in enumerate(row):
                    table.cell(number, column).text = text


def _add_chart(slide: Any, rows: list[list[str]], title: str, area: tuple[Any, ...]) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    numbers: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    numbers.categories = [row[0] for row in rows[1:]]
    for column, name in enumerate(rows[0][1:], 1):
        numbers.add_series(name, [float(row[column]) for row in rows[1:]])
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *area, numbers).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = title


def write_xlsx(title: str, blocks: list[Block]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.properties.title = title
    workbook.properties.created = WRITTEN_AT
    workbook.remove(workbook.worksheets[0])
    for block in blocks:
        if block.kind == "heading":
            workbook.create_sheet(block.text)
        elif block.kind == "table":
            for row in block.rows:
                workbook.worksheets[-1].append([_cell(text) for text in row])
    return _same_bytes(workbook.save)


def _cell(text: str) -> str | float | datetime:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return datetime.fromisoformat(text)
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else text


def _same_bytes(save: Callable[[BytesIO], None]) -> bytes:
    written = BytesIO()
    save(written)
    return _without_times(written)


def _without_times(office_file: BytesIO) -> bytes:
    """Without the time at which it was written."""
    target = BytesIO()
    with zipfile.ZipFile(office_file) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".xlsx"):  # the numbers of a chart
                content = _without_times(BytesIO(content))
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", content)
                content = re.sub(rb"(<dcterms:created[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", content)
            copy.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


WRITERS = {
    ".pdf": write_pdf,
    ".docx": write_docx,
    ".pptx": write_pptx,
    ".xlsx": write_xlsx,
    ".odt": write_odt,
    ".rtf": write_rtf,
    ".epub": write_epub,
    "-scan.pdf": write_scan,
    "-scan.png": write_picture,
}


def main(target: Path) -> None:
    for source in sorted(SOURCES.glob("*.*.md")):
        title, *blocks = list(read_blocks(source.read_text(encoding="utf-8")))
        path = target / source.name.removesuffix(".md")
        ending = max((each for each in WRITERS if path.name.endswith(each)), key=len)
        path.write_bytes(WRITERS[ending](title.text, blocks))
        print(path)
    for source in sorted(SOURCES.glob("*.msg.eml")):
        (target / source.name.removesuffix(".eml")).write_bytes(write_msg(source.read_bytes()))
    for source in sorted(SOURCES.glob("*.zip")):
        (target / source.name).write_bytes(packed(source))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
