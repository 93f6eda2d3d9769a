"""Workbooks through calamine: a page per sheet, its name the label. Called by `file.parse_file`."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby, islice
from typing import TypeAlias

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED, PROTECTED
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title

Cell: TypeAlias = "int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta"

MAX_ROWS = 20_000  # of a sheet; what is below is named, not read
MAX_COLUMNS = 500


def parse(source: Source) -> ParsedDocument:
    try:
        with CalamineWorkbook.from_object(source.openable) as workbook:
            pages = tuple(
                _page(number, name, workbook) for number, name in enumerate(workbook.sheet_names, 1)
            )
    except PasswordError as error:
        raise DocumentRejected(PROTECTED) from error
    except (CalamineError, OSError) as error:
        raise DocumentRejected(DAMAGED) from error
    if not any(page.text for page in pages):
        raise DocumentRejected("is a workbook whose sheets are empty")
    return ParsedDocument(title=choose_title(source.name, None), pages=pages, page_kind="sheet")


def _page(number: int, name: str, workbook: CalamineWorkbook) -> ParsedPage:
    try:
        sheet = workbook.get_sheet_by_name(name)
    except CalamineError:  # a chart sheet has no cells
        return ParsedPage(number=number, text="", label=name)
    body = "\n\n".join(_tables(sheet))
    return ParsedPage(number=number, text=f"# {name}\n\n{body}" if body else "", label=name)


def _tables(sheet: CalamineSheet) -> Iterator[str]:
    """Tables as empty rows part them; a block of one column is prose."""
    rows = ([_text(cell) for cell in row[:MAX_COLUMNS]] for row in islice(sheet.iter_rows(), MAX_ROWS))
    for is_filled, block in groupby(rows, key=any):
        if not is_filled:
            continue
        table = list(block)
        if max(sum(1 for cell in row if cell) for row in table) == 1:
            yield "\n\n".join(cell for row in table for cell in row if cell)
        else:
            yield markdown_table(table)
    if sheet.height > MAX_ROWS:
        yield f"({sheet.height - MAX_ROWS} more rows are not indexed.)"


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ", "minutes") if cell.time() != dt.time() else cell.date().isoformat()
    return str(cell).strip()
