"""From the markers in an answer to citations. Called by query.answer and by the serialisers."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import lru_cache

from shared.domain import ChatDelta, Citation, Passage
from shared.query.harmless import visible

_FIELD = re.compile(r"(?:^|; )[^:;\n]{1,80}: ([^;\n]+)")
_SNIPPET_CHARS = 300
_WORD = re.compile(r"\w+")
_START = re.compile(r"\n+|(?<=[.!?。؟])\s+")
_NUMBER = re.compile(r"\d+")
_MARKERS = re.compile(r"[\[【]\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*[\]】]")
# The end of a text that may yet become a marker, with the spaces in front of it.
_UNDECIDED = re.compile(r"[ \t]*(?:[\[【][\d\s,;]{0,40})?$")
_SPACED_MARKERS = re.compile(r"[ \t]*[\[【]\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*[\]】]")


class MarkerFilter:
    """Lets an answer through piece by piece, without the markers that name no passage.

    A piece that ends in what may become a marker is held back until the next piece decides, so that no
    prefix of a stream shows what the whole answer would not.
    """

    def __init__(self, known: frozenset[int]) -> None:
        self._known = known
        self._held = ""

    def feed(self, text: str) -> str:
        """What may be shown now."""
        text = self._held + visible(text)
        if "[" not in text and "【" not in text:
            shown = text.removesuffix("\n").rstrip(" \t")
            self._held = text[len(shown) :]
            return shown
        undecided = _UNDECIDED.search(text)
        cut = undecided.start() if undecided else len(text)
        self._held = text[cut:]
        return self._clean(text[:cut])

    def end(self) -> str:
        """What was held back."""
        rest, self._held = self._held, ""
        return self._clean(rest).rstrip()

    def _clean(self, text: str) -> str:
        return _SPACED_MARKERS.sub(self._keep_known, text)

    def _keep_known(self, match: re.Match[str]) -> str:
        text = match.group()
        space = text[: len(text) - len(text.lstrip())]
        markers = [int(number) for number in _NUMBER.findall(text)]
        kept = [marker for marker in dict.fromkeys(markers) if marker in self._known]
        return space + "".join(f"[{marker}]" for marker in kept) if kept else ""


async def checked(
    deltas: AsyncGenerator[ChatDelta, None], known: frozenset[int]
) -> AsyncGenerator[ChatDelta, None]:
    """The deltas with only such markers as name a known passage."""
    markers = MarkerFilter(known)
    async with aclosing(deltas):
        async for delta in deltas:
            text = markers.feed(delta.text)
            if text or delta.usage is not None:
                yield delta if text == delta.text else ChatDelta(text=text, usage=delta.usage)
    if rest := markers.end():
        yield ChatDelta(text=rest)


async def grounded(
    deltas: AsyncGenerator[ChatDelta, None], known: frozenset[int], *, instead: str
) -> AsyncGenerator[ChatDelta, None]:
    """The checked deltas, from the first citation on with all that stood before it.

    What cites nothing is not shown at all, in no piece of a stream: `instead` is said then.
    """
    held, usage = "", None
    is_supported = False
    async with aclosing(checked(deltas, known)) as pieces:
        async for delta in pieces:
            usage = delta.usage or usage
            if is_supported:
                yield delta
                continue
            held += delta.text
            is_supported = _MARKERS.search(held) is not None
            if is_supported:
                yield ChatDelta(text=held, usage=delta.usage)
    if not is_supported:
        yield ChatDelta(text=instead, usage=usage)


def markers(answer: str) -> frozenset[int]:
    return frozenset(
        int(number) for group in _MARKERS.finditer(answer) for number in _NUMBER.findall(group[1])
    )


def renumbered(answer: str, numbers: Mapping[int, int]) -> str:
    """With other markers for the same passages."""

    def replaced(group: re.Match[str]) -> str:
        return "".join(f"[{numbers[int(number)]}]" for number in _NUMBER.findall(group[1]))

    return _MARKERS.sub(replaced, answer)


def citations(answer: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """One citation per passage that the answer names, in order of first mention."""
    by_marker = {passage.marker: passage for passage in passages}
    said: dict[int, str] = {}  # by marker: the words that it stands behind when it is first used
    end = 0
    for group in _MARKERS.finditer(answer):
        words = answer[end : group.start()].strip() or next(reversed(said.values()), "")
        for number in _NUMBER.findall(group[1]):
            said.setdefault(int(number), words)
        end = group.end()
    return tuple(citation(by_marker[marker], words) for marker, words in said.items() if marker in by_marker)


def citation(passage: Passage, context: str) -> Citation:
    """The passage as its reader is shown it; the snippet is the part closest to `context`."""
    chunk = passage.chunk
    return Citation(
        marker=passage.marker,
        document_id=chunk.document_id,
        document=passage.document_name,
        page=chunk.page,
        page_kind=passage.page_kind,
        snippet=snippet(chunk.content, context),
        url=f"/api/documents/{chunk.document_id}/content#page={chunk.page}",
        score=passage.score,
    )


def snippet(content: str, context: str) -> str:
    """At most 300 characters of the content, from the lines that share most words with the context."""
    if len(content) <= _SNIPPET_CHARS:
        return content.strip()
    starts, places = _read(content)
    found = [(begin, end, word) for word in _words(context) for begin, end in places.get(word, ())]
    shared = {
        start: len({word for begin, end, word in found if start <= begin and end <= start + _SNIPPET_CHARS})
        for start in (starts if found else ())
    }
    most = max(shared.values(), default=0)
    best = max(start for start in starts if shared[start] == most) if most else 0
    window = content[best:][:_SNIPPET_CHARS]
    if best + _SNIPPET_CHARS < len(content):
        window = window.rsplit(None, 1)[0] + " …"
    return ("… " if best else "") + window.strip()


@lru_cache(maxsize=256)  # the same passages are found for many questions
def _read(content: str) -> tuple[list[int], dict[str, list[tuple[int, int]]]]:
    """Where its lines and sentences start, and where each of its words stands."""
    starts = [0, *(match.end() for match in _START.finditer(content))]
    places: dict[str, list[tuple[int, int]]] = {}
    for match in _WORD.finditer(content):
        places.setdefault(match[0].casefold(), []).append(match.span())
    return starts, places


@lru_cache(maxsize=64)  # all passages are shown for one question
def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(_values(text).casefold()) if len(word) > 2)


def _values(text: str) -> str:
    """Of a table's row, as `Column: value; Column: value`, the values: its columns stand above every row."""
    return " ".join(_FIELD.findall(text)) if text.count(": ") == len(_FIELD.findall(text)) > 1 else text
