"""PowerPoint through python-pptx: a page per slide, numbered as in the file. Called by `file.parse_file`."""

from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import BadZipFile

from lxml.etree import XMLSyntaxError  # type: ignore[import-untyped]
from pptx import Presentation
from pptx.exc import PythonPptxError

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title


def parse(source: Source) -> ParsedDocument:
    try:
        presentation = Presentation(source.open())
        pages = tuple(_page(number, slide) for number, slide in enumerate(presentation.slides, 1))
    except (PythonPptxError, BadZipFile, KeyError, ValueError, XMLSyntaxError) as error:
        raise DocumentRejected(DAMAGED) from error
    title = choose_title(source.name, presentation.core_properties.title, pages)
    return ParsedDocument(title=title, pages=pages, page_kind="slide")


def _page(number: int, slide: Any) -> ParsedPage:
    heading = slide.shapes.title
    label = (
        " ".join(heading.text_frame.text.split()) if heading is not None and heading.has_text_frame else ""
    )
    parts = [f"# {label}"] if label else []
    shapes = (shape for shape in slide.shapes if heading is None or shape.shape_id != heading.shape_id)
    parts += [part for part in _parts(shapes) if part]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        parts += [f"Notes: {notes}"] if notes else []
    return ParsedPage(number=number, text="\n\n".join(parts), label=label)


def _parts(shapes: Iterable[Any]) -> Iterator[str]:
    """Markdown of each shape, from top to bottom and left to right."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):  # a group
            yield from _parts(shape.shapes)
        elif getattr(shape, "has_table", False):
            yield markdown_table([[cell.text for cell in row.cells] for row in shape.table.rows])
        elif getattr(shape, "has_chart", False):
            yield _chart(shape.chart)
        elif shape.has_text_frame:
            yield _bullets(shape)


def _bullets(shape: Any) -> str:
    """Paragraphs; as a list where a body placeholder holds several."""
    paragraphs = [(paragraph.level, paragraph.text.strip()) for paragraph in shape.text_frame.paragraphs]
    filled = [(level, text.replace("\v", " ")) for level, text in paragraphs if text]
    if shape.is_placeholder and len(filled) > 1:
        return "\n".join(f"{'  ' * level}- {text}" for level, text in filled)
    return "\n\n".join(text for _, text in filled)


def _chart(chart: Any) -> str:
    """Its title and its numbers, a row per category."""
    title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
    try:
        tables = [_plot(plot) for plot in chart.plots]
    except ValueError:  # a plot type that python-pptx does not know, such as the 3-D ones
        tables = []
    return "\n\n".join(part for part in (title.strip(), *tables) if part)


def _plot(plot: Any) -> str:
    columns = [[_number(value) for value in series.values] for series in plot.series]
    names = [str(name) for name in plot.categories]
    rows = [[name, *(c[at] if at < len(c) else "" for c in columns)] for at, name in enumerate(names)]
    return markdown_table([["", *(series.name for series in plot.series)], *rows])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
