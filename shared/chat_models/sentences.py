"""From a passage's Markdown to the sentences that an answer may quote. Called by chat_models.extractive.

A sentence is what can stand alone: of prose a sentence, of a table a row with its header, of a list an
item, or the whole of a short list with the line that introduces it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

LONGEST = 400  # characters; what is longer is cut between words
SHORT_LIST = 320  # characters of a list that is quoted whole

# With their last full stop taken away. Single letters are abbreviations too.
_ABBREVIATION = re.compile(
    r"mrs?|ms|dr|prof|sr|jr|st|vs|etc|approx|nos?|figs?|eq|vol|eds?|inc|ltd|co|corp|dept|est|al|e\.g|i\.e|[ap]\.m"
    r"|u\.[sk]|cf|resp|ca|bzw|nr|abs|art|str|tel|z\.b|d\.h|u\.a|s\.o|v\.a|usw|evtl|ggf|inkl|zzgl|p\.ex|env|av"
    r"|mme|mlle|sra|uds?|pág|núm|ej|[^\W\d_]",
    re.IGNORECASE,
)
# Western ends need a space and something that can begin a sentence; the others stand alone.
_WESTERN_END = re.compile(r"[.!?…؟۔]+[\"'”’»)\]]*\s+(?=[\"'“‘«(\[¿¡*_]*[^\W_a-zß-öø-ÿ])")
_EASTERN_END = re.compile(r"[。！？｡।॥።]+[”’」』）]*")
_ITEM = re.compile(r"^\s*(?:[-*+•◦▪‣–●o]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^[\s|:+-]*-[\s|:+-]*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
# Every repetition has a bound: a chunk may hold anything, and is read while somebody waits.
_LINK = re.compile(
    r"!?\[([^\[\]]{0,300})\]\((?:[^()\s]|\([^()\s]{0,100}\)){0,1000}(?:\s+\"[^\"]{0,200}\")?\)"
)
_EMPHASIS = re.compile(
    r"(\*\*|__|~~)(?=\S)(.{1,400}?)(?<=\S)\1|(?<![\w*])\*(?=[^\s*])([^*]{1,400}?)(?<=[^\s*])\*(?![\w*])"
)
_MARKER = re.compile(r"\[(\d{1,4}(?:\s?[,;]\s?\d{1,4}){0,20})\]|【(\d{1,4})】")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    text: str
    heading: str  # the nearest one above it in the same Markdown, or ""


def sentences(markdown: str) -> list[Sentence]:
    """In reading order, without headings and without Markdown's own marks.

    None of them contains anything that reads as a citation's marker: `[3]` becomes `(3)`.
    """
    found: list[Sentence] = []
    heading = ""
    texts: list[str] = []
    for kind, group in groupby(_kinds(markdown), key=lambda line: line[0]):
        lines = [line for _, line in group]
        if kind == "heading":
            found.extend(_under(heading, texts))
            heading, texts = _plain(lines[-1].strip("# ")), []
        elif kind == "row":
            texts.extend(_plain(row) for row in _rows(lines))
        elif kind == "item":
            texts.extend(_items([_plain(line) for line in lines], texts))
        elif kind == "text":
            texts.extend(part for paragraph in _paragraphs(lines) for part in _split(_plain(paragraph)))
    return [*found, *_under(heading, texts)]


def _under(heading: str, texts: Sequence[str]) -> Iterator[Sentence]:
    for text in texts:
        yield from (Sentence(text=piece, heading=heading) for piece in _pieces(text))


def _kinds(markdown: str) -> Iterator[tuple[str, str]]:
    """Each line with what it is. A line below an item that is indented, or goes on, belongs to it."""
    item = ""
    in_item = False
    for line in markdown.splitlines():
        if in_item and line.strip() and not _begins(line):
            item = f"{item} {line.strip()}"
            continue
        if in_item:
            yield "item", item
            in_item = False
        if _ITEM.match(line):
            item, in_item = _ITEM.sub("", line).strip(), True
        elif not line.strip() or _FENCE.match(line):
            yield "gap", ""
        elif _HEADING.match(line):
            yield "heading", line
        elif _ROW.match(line):
            yield "row", line
        else:
            yield "text", line.strip()
    if in_item:
        yield "item", item


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Lines without blank ones between them, as PDFs give them: a short line that nothing follows is a
    title or a field, and not the beginning of the next line's sentence."""
    width = max(map(len, lines))
    start = 0
    for number, (line, following) in enumerate(pairwise([*lines, ""]), start=1):
        is_wrapped = len(line) > 0.6 * width or following[:1].islower() or line.endswith((",", ";", "-"))
        if following and not is_wrapped and not line.endswith((":", "：")):
            yield " ".join(lines[start:number])
            start = number
    yield " ".join(lines[start:])


def _begins(line: str) -> bool:
    """Whether a line below a list item is something of its own."""
    if any(pattern.match(line) for pattern in (_ITEM, _HEADING, _ROW, _FENCE)):
        return True
    return not line[0].isspace() and not line[0].islower()


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """`header: cell; header: cell.` where there is a header, else the cells."""
    header: list[str] = []
    if len(lines) > 1 and _RULE.match(lines[1]):
        header, lines = _cells(lines[0]), lines[2:]
    for line in lines:
        if _RULE.match(line):
            continue
        cells = _cells(line)
        names = header if len(header) == len(cells) else [""] * len(cells)
        named = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell]
        if named:
            yield "; ".join(named)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def _items(items: Sequence[str], before: list[str]) -> Iterator[str]:
    """Items under the line that introduces them, which `before` ends with and then loses."""
    lead = before.pop() if before and before[-1].endswith((":", "：")) else ""
    if lead and len(lead) + sum(map(len, items)) <= SHORT_LIST:
        yield f"{lead} {'; '.join(item.rstrip('.;,') for item in items)}."
        return
    for item in items:
        yield from (f"{lead} {item}",) if lead else _split(item)


def _split(text: str) -> Iterator[str]:
    """Prose into sentences."""
    start = 0
    for match in sorted(
        [*_WESTERN_END.finditer(text), *_EASTERN_END.finditer(text)], key=lambda match: match.end()
    ):
        if match.end() > start and not _is_abbreviation(text[start : match.start()], text[match.start()]):
            yield text[start : match.end()].strip()
            start = match.end()
    if text[start:].strip():
        yield text[start:].strip()


def _is_abbreviation(before: str, end: str) -> bool:
    word = before.rsplit(None, 1)[-1].lstrip("(\"'“„«[") if before.strip() else ""
    return end == "." and _ABBREVIATION.fullmatch(word) is not None


def _plain(text: str) -> str:
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub(lambda match: match[2] or match[3], text)
    text = _MARKER.sub(lambda match: f"({match[1] or match[2]})", text)
    return " ".join(text.replace("`", "").replace("\\|", "|").split())


def _pieces(sentence: str) -> Iterator[str]:
    """Whole, if it is not too long; nothing, if it says nothing."""
    while len(sentence) > LONGEST:
        cut = sentence.rfind(" ", LONGEST // 2, LONGEST)
        cut = cut if cut > 0 else LONGEST
        yield sentence[:cut] + " …"
        sentence = sentence[cut:].strip()
    if any(character.isalnum() for character in sentence):
        yield sentence
