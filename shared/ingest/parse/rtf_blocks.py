"""What an RTF file says, gathered into paragraphs, tables and pages of Markdown. Filled by `rtf`."""

import re
from dataclasses import dataclass, field

from shared.ingest.parse.table import markdown_table

ORDERED = re.compile(r"\(?[0-9a-zA-Z]{1,5}[.)]")


@dataclass(kw_only=True)
class Blocks:
    pages: list[list[str]] = field(default_factory=lambda: [[]])
    marker: str = ""  # of the list item that the paragraph is
    _line: list[str] = field(default_factory=list)
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _is_row_open: bool = False
    _is_in_list: bool = False

    def add(self, text: str) -> None:
        self._line.append(text)

    def end_paragraph(self, *, is_in_table: bool, heading: int, list_level: int) -> None:
        if self._is_row_open or is_in_table:
            self._line.append("\n")
            return
        text = "".join(self._line).strip()
        marker = self.marker.strip()
        self._line.clear()
        self.marker = ""
        if not text:
            return
        self.end_table()
        if heading:
            text = "#" * min(heading, 6) + " " + " ".join(text.split())
        elif marker:
            text = "  " * list_level + f"{marker if ORDERED.fullmatch(marker) else '-'} {text}"
        self._put(text, is_item=bool(marker) and not heading)

    def _put(self, text: str, *, is_item: bool) -> None:
        """Items that follow one another make one list."""
        page = self.pages[-1]
        if page and is_item and self._is_in_list:
            page[-1] += "\n" + paired(text)
        else:
            page.append(paired(text))
        self._is_in_list = is_item

    def open_row(self) -> None:
        self._is_row_open = True

    def end_cell(self) -> None:
        self._cells.append("".join(self._line))
        self._line.clear()
        self.marker = ""

    def end_row(self) -> None:
        self._rows.append(self._cells)
        self._cells, self._is_row_open = [], False

    def end_table(self) -> None:
        """Also of one that the file breaks off."""
        if table := markdown_table([*self._rows, self._cells]):
            self._put(table, is_item=False)
        self._rows, self._cells = [], []

    def end_page(self) -> None:
        self.end_table()
        self.pages.append([])


def paired(text: str) -> str:
    """Surrogates, which RTF writes one by one, as the characters that they mean."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
