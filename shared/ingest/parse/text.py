"""Bytes to text, and text to text that is safe to store. Called by the parsers and by `file.parse_file`."""

import codecs
import re

from charset_normalizer import from_bytes

from shared.errors import DocumentRejected

NOT_TEXT = "is not a document that can be read: its content is neither text nor a known format"
SAMPLE = 1 << 15

BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Which of four neighbouring bytes are mostly zero, in text of mostly Latin letters.
WIDE_ENCODINGS = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
# Guesses among the Western code pages are a coin's toss; of these cp1252 is what files really are in.
WESTERN = re.compile(
    r"cp(037|437|500|775|8\d\d|1006|1026|1140|125[02478]|1125)|latin|iso8859_(1|2|3|4|9|1\d)$|mac_|hp_"
)

CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
NOISE = re.compile("[\x00-\x08\x0e-\x1a\ufffd]")
SYMBOL_BULLET = "\uf0b7"  # of the Symbol font, which Word sets lists with
LINE_END = re.compile("\r\n?|[\u2028\u2029\x85]")
SPACE = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]")
EMPTY_LINES = re.compile(r"\n{3,}")
LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
LIGATURE = re.compile("[\ufb00-\ufb06]")


def decode(content: bytes, *, declared: str | None = None) -> str:
    """By byte order mark, zero pattern, UTF-8, what the file declares, then a guess. Undecodable bytes become
    U+FFFD. `DocumentRejected` for what is no text."""
    encoding = _marked(content) or _wide(content[:SAMPLE]) or _fitting(content, "utf-8", declared)
    text = content.decode(encoding or _guess(content), errors="replace")
    if is_noise(text):
        raise DocumentRejected(NOT_TEXT)
    return text


def is_noise(text: str) -> bool:
    """Whether its beginning holds more control characters than any text does."""
    sample = text[:SAMPLE]
    return len(NOISE.findall(sample)) * 50 > len(sample)


def clean(text: str) -> str:
    """Without control, invisible and private characters, lone surrogates and runs of empty lines."""
    text = LINE_END.sub("\n", text)
    text = SPACE.sub(" ", CONTROL.sub("", text.replace(SYMBOL_BULLET, "•")))
    text = LIGATURE.sub(lambda match: LIGATURES[ord(match[0])], text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return EMPTY_LINES.sub("\n\n", text).strip("\n")


def _marked(content: bytes) -> str | None:
    return next((encoding for mark, encoding in BYTE_ORDER_MARKS if content.startswith(mark)), None)


def _wide(sample: bytes) -> str | None:
    if len(sample) < 4:
        return None
    first, second, third, fourth = (sample[at::4].count(0) * 8 > len(sample) for at in range(4))
    return WIDE_ENCODINGS.get((first, second, third, fourth))


def _fitting(content: bytes, *encodings: str | None) -> str | None:
    """The first that decodes all of it: what a file declares is often wrong."""
    for encoding in filter(None, encodings):
        try:
            content.decode(encoding)
        except (LookupError, ValueError):
            continue
        return encoding
    return None


def _guess(content: bytes) -> str:
    foreign = bytes(byte for byte in content[: SAMPLE * 8] if byte > 0x7F)
    if len(foreign) < 16:  # too little to tell one code page from another
        return "cp1252"
    best = from_bytes(content[:SAMPLE]).best()
    if best is None or WESTERN.match(best.encoding) or best.encoding in ("ascii", "utf_8"):
        return "cp1252"
    return best.encoding
