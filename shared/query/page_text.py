"""The text of a page of a document, put together from its passages. Called by functions.content."""

from collections.abc import Iterable

from shared.domain import Chunk, Document
from shared.search_indexes.base import SearchIndex

_AT_ONCE = 1_000  # passages that an index gives at once
_NEAR = 100  # passages in front of a page that may be read with it
_LONGEST_OVERLAP = 1_000  # characters that two passages share at most, see RAG_CHUNK_OVERLAP


async def page_text(document: Document, page: int, index: SearchIndex) -> str | None:
    """In Markdown, as the index has it; None if it has no text of this page. Who asks has to be a reader."""
    version = document.version_in(index.name)
    if not version:
        return None

    async def is_before(ordinal: int) -> bool:
        found = await index.passages(document.id, version, first=ordinal, last=ordinal)
        return bool(found) and found[0].page < page

    first, end = 0, _NEAR  # pages grow with the ordinals
    while await is_before(end):
        first, end = end, 2 * end
    while end - first > _NEAR:
        middle = (first + end) // 2
        first, end = (middle, end) if await is_before(middle) else (first, middle)
    around = await index.passages(document.id, version, first=first, last=first + _AT_ONCE - 1)
    return _joined(chunk for chunk in around if chunk.page == page) or None


def _joined(chunks: Iterable[Chunk]) -> str:
    """Without what neighbours repeat: the end of the one before, or the head of a table."""
    text, before = "", ""
    for chunk in chunks:
        text += _new(chunk.content, before)
        before = chunk.content
    return text.lstrip("\n")


def _new(content: str, before: str) -> str:
    head = "\n".join(content.split("\n", 2)[:2]) + "\n"
    if content.startswith("|") and head in before:
        return "\n" + content.removeprefix(head)
    most = min(len(content), len(before), _LONGEST_OVERLAP)
    shared = next((size for size in range(most, 0, -1) if before.endswith(content[:size])), 0)
    return content[shared:] if shared else "\n\n" + content
