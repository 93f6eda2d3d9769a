"""Which code page the bytes of an RTF file are in: by font, else by what its header says. Read by `rtf`."""

import codecs

# Values of \fcharset, from Microsoft's RTF 1.9.1 specification.
CHARSETS = {
    77: "mac_roman", 78: "cp932", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
HEADERS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


class Fonts:
    def __init__(self) -> None:
        self.encoding = "cp1252"
        self._by_font: dict[int, str] = {}

    def set_code_page(self, number: int) -> None:
        self.encoding = code_page(number) or self.encoding

    def set_charset(self, font: int, charset: int) -> None:
        if charset in CHARSETS:
            self._by_font[font] = CHARSETS[charset]

    def set_font_page(self, font: int, number: int) -> None:
        """A code page that the font names counts more than its character set."""
        if named := code_page(number):
            self._by_font[font] = named

    def decode(self, content: bytes, font: int) -> str:
        return content.decode(self._by_font.get(font, self.encoding), errors="replace")


def code_page(number: int) -> str | None:
    """Python's name of a Windows code page; None for what it does not know."""
    name = {65001: "utf-8", 10000: "mac_roman", 20127: "ascii", 1200: "utf-16-le"}.get(number, f"cp{number}")
    if 28591 <= number <= 28605:
        name = f"iso8859_{number - 28590}"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
