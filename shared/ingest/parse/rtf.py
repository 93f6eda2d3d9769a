"""RTF: text in the code pages of its fonts, headings, lists, tables, a page for each explicit page break.

Called by `file.parse_file`, and by `outlook` for messages whose only body is RTF.
"""

import re
from dataclasses import dataclass, field, replace

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.kind import DAMAGED
from shared.ingest.parse.rtf_blocks import Blocks, paired
from shared.ingest.parse.rtf_fonts import HEADERS, Fonts
from shared.ingest.parse.source import Source
from shared.ingest.parse.text import is_noise
from shared.ingest.parse.title import choose_title

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
MAX_DEPTH = 10_000
CHARACTERS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n",
    "column": "\n", "footnote": " — ", "shptxt": "\n", "nestcell": " / ", "nestrow": "; ",
}  # fmt: skip
SYMBOLS = {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n", b"\\": "\\", b"{": "{", b"}": "}"}
UNREAD = frozenset(
    "colortbl info pict object nonshppict shprslt fldinst sp header headerl headerr headerf footer footerl"  # noqa: SIM905
    " footerr footerf ftnsep ftnsepc xe tc template revtbl rsidtbl listtable filetbl".split()
)
READ = {
    "fonttbl": "fonts",
    "stylesheet": "styles",
    "title": "title",
    "listtext": "marker",
    "pntext": "marker",
}
HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre|título)\s*(\d)|(title)\b", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    """What a group inherits."""

    target: str = "text"  # or: unread, fonts, styles, title, marker
    font: int = 0
    fallback: int = 1  # characters that stand behind a \u for readers without Unicode
    is_hidden: bool = False
    is_in_table: bool = False
    heading: int = 0  # its level, from 1
    list_level: int = 0


@dataclass(kw_only=True)
class RtfReader:
    """Reads one file; then `blocks` and `title` hold what it says."""

    fonts: Fonts = field(default_factory=Fonts)
    title: str = ""
    blocks: Blocks = field(default_factory=Blocks)
    _state: _State = field(default_factory=_State)
    _stack: list[_State] = field(default_factory=list)
    _bytes: bytearray = field(default_factory=bytearray)
    _style: int = 0
    _style_name: str = ""
    _headings: dict[int, int] = field(default_factory=dict)  # style to level
    _skip: int = 0  # characters that a \u has made up for

    def read(self, content: bytes) -> None:
        position = 0
        while token := TOKEN.match(content, position):
            position = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if word:
                self._flush()
                name, value = word.decode("ascii"), int(number) if number else None
                if name == "bin":
                    position += max(0, value or 0)
                else:
                    self._control(name, value)
            elif brace:
                self._group(brace)
            elif symbol == b"*":
                self._state = replace(self._state, target="unread")
            else:
                self._put(bytes.fromhex(code.decode()) if code else text, symbol)
        self._flush()
        self._end_paragraph()
        self.blocks.end_table()

    def _group(self, brace: bytes) -> None:
        self._flush()
        self._skip = 0
        if brace == b"{":
            self._stack.append(self._state)
            if len(self._stack) > MAX_DEPTH:
                raise DocumentRejected(DAMAGED)
        elif self._stack:
            self._state = self._stack.pop()

    def _put(self, text: bytes | None, symbol: bytes | None) -> None:
        if self._state.target == "unread" or self._state.is_hidden:
            return
        if self._skip:
            skipped = min(self._skip, len(text or b"x"))
            self._skip -= skipped
            text, symbol = (text or b"")[skipped:], None
        if symbol:
            self._flush()
            self._say(SYMBOLS.get(symbol, ""))
        self._bytes += text or b""

    def _flush(self) -> None:
        if self._bytes:
            self._say(self.fonts.decode(bytes(self._bytes), self._state.font))
            self._bytes.clear()

    def _say(self, text: str) -> None:
        match self._state.target:
            case "text":
                self.blocks.add(text)
            case "title":
                self.title += text
            case "marker":
                self.blocks.marker += text
            case "styles":
                self._name_style(text)

    def _name_style(self, text: str) -> None:
        self._style_name += text
        if ";" in text:
            if match := HEADING_STYLE.match(self._style_name.strip()):
                self._headings[self._style] = int(match[1] or 1)
            self._style_name = ""

    def _control(self, name: str, value: int | None) -> None:
        if name in READ or name in UNREAD:
            # The title stands inside \info, of which nothing else is read.
            self._state = replace(self._state, target=READ.get(name, "unread"))
        elif name == "shpinst":  # a text box; `\*` said that it may be left out
            self._state = replace(self._state, target="text")
        elif self._state.target == "fonts":
            self._define_font(name, value or 0)
        elif self._state.target == "styles":
            self._define_style(name, value)
        elif self._state.target != "unread":
            self._format(name, value)

    def _define_font(self, name: str, value: int) -> None:
        if name == "f":
            self._state = replace(self._state, font=value)
        elif name == "fcharset":
            self.fonts.set_charset(self._state.font, value)
        elif name == "cpg":
            self.fonts.set_font_page(self._state.font, value)

    def _define_style(self, name: str, value: int | None) -> None:
        if name == "s":
            self._style = value or 0
        elif name == "outlinelevel" and value is not None and value < 9:
            self._headings[self._style] = value + 1
        elif name == "u" and value is not None:
            self._unicode(value)

    def _format(self, name: str, value: int | None) -> None:
        is_on = value != 0
        match name:
            case "u":
                self._unicode(value or 0)
            case "f":
                self._state = replace(self._state, font=value or 0)
            case "uc":
                self._state = replace(self._state, fallback=max(0, value or 0))
            case "v" | "deleted":
                self._state = replace(self._state, is_hidden=is_on)
            case "plain":
                self._state = replace(self._state, is_hidden=False)
            case "ansicpg":
                self.fonts.set_code_page(value or 1252)
            case "ansi" | "mac" | "pc" | "pca":
                self.fonts.encoding = HEADERS[name]
            case _:
                self._format_paragraph(name, value or 0)

    def _format_paragraph(self, name: str, value: int) -> None:
        match name:
            case "pard":
                self._state = replace(self._state, is_in_table=False, heading=0, list_level=0)
            case "intbl":
                self._state = replace(self._state, is_in_table=True)
            case "s":
                self._state = replace(self._state, heading=self._headings.get(value, 0))
            case "outlinelevel":
                self._state = replace(self._state, heading=value + 1 if value < 9 else 0)
            case "ilvl":
                self._state = replace(self._state, list_level=min(value, 8))
            case _:
                self._break(name)

    def _break(self, name: str) -> None:
        match name:
            case "par" | "sect":
                self._end_paragraph()
            case "page":
                self._end_paragraph()
                self.blocks.end_page()
            case "trowd":
                self.blocks.open_row()
            case "cell":
                self.blocks.end_cell()
            case "row":
                self.blocks.end_row()
            case _:
                self._say(CHARACTERS.get(name, ""))

    def _unicode(self, value: int) -> None:
        if not self._state.is_hidden:
            self._say(chr(value % 0x10000))
        self._skip = self._state.fallback

    def _end_paragraph(self) -> None:
        state = self._state
        self.blocks.end_paragraph(
            is_in_table=state.is_in_table, heading=state.heading, list_level=state.list_level
        )


def parse(source: Source) -> ParsedDocument:
    reader = RtfReader()
    reader.read(source.content)
    pages = tuple(
        ParsedPage(number=number, text="\n\n".join(blocks))
        for number, blocks in enumerate(reader.blocks.pages, 1)
    )
    if is_noise("".join(page.text for page in pages)):
        raise DocumentRejected(DAMAGED)
    title = choose_title(source.name, paired(reader.title), pages)
    return ParsedDocument(title=title, pages=pages, page_kind="page" if len(pages) > 1 else "section")
