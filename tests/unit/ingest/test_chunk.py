"""Chunks are small, stay on their page, know their headings, and keep tables and code usable."""

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import Chunk, ParsedDocument, ParsedPage
from shared.ingest.chunk import chunk

SENTENCE = "The balance needs sixty minutes to warm up before it may be adjusted. "


def chunks_of(*texts: str, title: str = "Manual", max_chars: int = 900, overlap: int = 120) -> list[Chunk]:
    pages = tuple(ParsedPage(number=number, text=text) for number, text in enumerate(texts, 1))
    document = ParsedDocument(title=title, pages=pages)
    return chunk(document, document_id="d1", version=3, max_chars=max_chars, overlap=overlap)


def headings(chunks: Sequence[Chunk]) -> list[str]:
    return [one.heading for one in chunks]


def test_ids_name_document_version_and_place() -> None:
    chunks = chunks_of("one", "two")
    assert [one.id for one in chunks] == ["d1.3.0", "d1.3.1"]
    assert [(one.page, one.content, one.title) for one in chunks] == [
        (1, "one", "Manual"),
        (2, "two", "Manual"),
    ]


def test_an_empty_page_gives_no_chunk_and_keeps_the_count() -> None:
    assert [one.page for one in chunks_of("one", "", "\n\n", "| | |\n|---|---|\n| | |", "five")] == [1, 5]


def test_headings_carry_over_to_later_chunks_and_pages() -> None:
    chunks = chunks_of(
        "# Care\n\n" + SENTENCE * 20 + "\n\n## Cleaning\n\n" + SENTENCE * 5, SENTENCE, "# Law\n\nnothing"
    )
    assert chunks[0].heading == ""
    assert chunks[0].content.startswith("# Care")
    assert chunks[1].heading == "Care"
    cleaning = next(one for one in chunks if one.content.startswith("## Cleaning"))
    assert cleaning.heading == "Care"
    assert chunks[-2].heading == "Care › Cleaning"
    assert (chunks[-1].heading, chunks[-1].content) == ("", "# Law\n\nnothing")


def test_the_title_is_not_repeated_among_the_headings() -> None:
    assert chunks_of("# Manual\n\n## Care\n\n" + SENTENCE * 30)[1].heading == "Care"


def test_a_table_is_split_by_rows_under_its_header() -> None:
    rows = [f"| E{number} | {SENTENCE}|" for number in range(40)]
    table = "\n".join(["| Code | Meaning |", "| --- | --- |", *rows])
    chunks = chunks_of("## Codes\n\n" + table + "\n\nAfter.")
    tables = [one for one in chunks if "| E" in one.content]
    assert len(tables) > 3
    assert all("| Code | Meaning |\n| --- | --- |\n" in one.content for one in tables)
    assert set(headings(tables[1:])) == {"Codes"}
    written = [line for one in tables for line in one.content.split("\n") if line.startswith("| E")]
    assert written == rows


def test_a_row_longer_than_a_chunk_is_cut() -> None:
    chunks = chunks_of("| a | b |\n| --- | --- |\n| x | " + SENTENCE * 40 + " |\n| y | z |")
    assert all(len(one.content) <= 900 for one in chunks)
    assert chunks[-1].content.endswith("| a | b |\n| --- | --- |\n| y | z |")


def test_code_that_fits_stays_whole_and_its_comments_are_no_headings() -> None:
    code = "```bash\n" + "# install\nrun --fast\n\n" * 20 + "```"
    chunks = chunks_of(SENTENCE * 12 + "\n\n" + code + "\n\n" + SENTENCE * 12)
    assert sum(code in one.content for one in chunks) == 1
    assert set(headings(chunks)) == {""}


def test_tiny_neighbours_share_a_chunk_and_large_ones_do_not() -> None:
    tiny = "\n\n".join(f"## Part {number}\n\nshort" for number in range(5))
    assert len(chunks_of(tiny)) == 1
    large = "\n\n".join(f"## Part {number}\n\n{SENTENCE * 6}" for number in range(5))
    assert len(chunks_of(large)) == 5


def test_prose_overlaps_by_whole_sentences() -> None:
    text = " ".join(f"Sentence number {number} says something else." for number in range(100))
    first, second = (one.content for one in chunks_of(text)[:2])
    shared = second.split(". ")[0]
    assert shared in first


def test_long_words_without_any_break_are_cut() -> None:
    chunks = chunks_of("x" * 5000)
    assert all(len(one.content) <= 900 for one in chunks)


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# A",
            "## B b",
            "text",
            SENTENCE * 3,
            "| a | b |",
            "| --- | --- |",
            "```",
            "- item",
            "",
            "\t",
            "é" * 70,
        ]
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(lines=MARKDOWN)
def test_any_markdown_keeps_its_words_within_the_limit(lines: list[str]) -> None:
    text = "\n".join(lines)
    chunks = chunks_of(text, max_chars=200, overlap=30)
    assert chunks == chunks_of(text, max_chars=200, overlap=30)
    assert all(0 < len(one.content) <= 200 for one in chunks)
    found = json.dumps([one.content for one in chunks], ensure_ascii=False)
    for word in ("text", "item", "é" * 70, "warm"):
        assert (word in text) == (word in found)


def test_long_runs_of_spaces_take_no_long_time() -> None:
    chunks = chunks_of("# a" + " " * 100_000 + "b\n| x |\n|" + " " * 100_000 + "-x\n\n" + "[" * 100_000)
    assert chunks[0].content.split() == ["a", "b", "|", "x", "|", "-x"]
