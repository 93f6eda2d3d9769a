"""The text of a page as it is put together from passages."""

from dataclasses import replace

import pytest

from shared.domain import Chunk, Document, DocumentStatus, ParsedDocument, ParsedPage
from shared.ingest.chunk import chunk
from shared.query.page_text import page_text

BOOK = Document(
    id="d",
    name="shared/book.pdf",
    owner_id=None,
    readers=frozenset(),
    status=DocumentStatus.INDEXED,
    current_version=2,
    held=(("documents-v1", 2),),
)


class Kept:
    """An index of one document that counts how much is read of it."""

    name = "documents-v1"

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self.read = 0

    async def passages(self, document_id: str, version: int, *, first: int, last: int) -> list[Chunk]:
        assert (document_id, version) == ("d", 2)
        assert last - first < 1_000
        found = self._chunks[first : last + 1]
        self.read += len(found)
        return found


def kept(*pages: str) -> Kept:
    numbered = tuple(ParsedPage(number=number, text=text) for number, text in enumerate(pages, 1))
    parsed = ParsedDocument(title="Book", pages=numbered, page_kind="page")
    return Kept(chunk(parsed, document_id="d", version=2, max_chars=300, overlap=80))


SENTENCES = " ".join(f"The pump number {n} runs for {n} hours without a break." for n in range(60))
TABLE = "| part | price |\n|---|---|\n" + "\n".join(f"| pump {n} | {n} EUR |" for n in range(60))


@pytest.mark.parametrize("page", ["One line.", SENTENCES, TABLE, f"# Prices\n\nAll of them:\n\n{TABLE}"])
async def test_a_page_is_whole_and_says_nothing_twice(page: str) -> None:
    index = kept("Before.", page, "After.")
    text = await page_text(BOOK, 2, index)
    assert text is not None
    assert text.split() == page.split()


async def test_a_page_far_into_a_long_book_is_found_without_reading_all_of_it() -> None:
    index = kept(*(f"Page {n} is about pump {n}." for n in range(1, 5_001)))
    assert await page_text(BOOK, 4_321, index) == "Page 4321 is about pump 4321."
    assert index.read < 1_100


async def test_a_page_without_text_has_none() -> None:
    index = kept("One.", "", "Three.")
    assert [await page_text(BOOK, page, index) for page in (0, 2, 4)] == [None, None, None]
    unheld = replace(BOOK, held=())
    assert await page_text(unheld, 1, index) is None
