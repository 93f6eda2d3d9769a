from collections.abc import AsyncGenerator

import pytest

from shared.domain import ChatDelta, Chunk, Passage, Usage
from shared.query import cite
from shared.query.cite import MarkerFilter, checked, citations, snippet


def passage(marker: int, content: str = "The trial lasts 30 days.") -> Passage:
    chunk = Chunk(
        id=f"d.1.{marker}",
        document_id="d",
        version=1,
        ordinal=marker,
        page=marker + 10,
        title="Terms",
        heading="",
        content=content,
    )
    return Passage(marker=marker, chunk=chunk, document_name="terms.pdf", page_kind="page", score=0.5)


def filtered(pieces: list[str], known: set[int]) -> list[str]:
    markers = MarkerFilter(frozenset(known))
    return [*(markers.feed(piece) for piece in pieces), markers.end()]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("It lasts 30 days [1].", "It lasts 30 days [1]."),
        ("It lasts 30 days [7].", "It lasts 30 days."),
        ("Both say so [1, 2].", "Both say so [1][2]."),
        ("Both say so [1, 9].", "Both say so [1]."),
        ("Both say so 【2】.", "Both say so [2]."),
        ("In [2024] prices rose [1].", "In [2024] prices rose [1]."),
        ("See [the manual] [1]", "See [the manual] [1]"),
        ("An open [1", "An open [1"),
        ("Twice [2][2].", "Twice [2][2]."),
        ("", ""),
    ],
)
def test_only_markers_of_known_passages_are_shown(answer: str, shown: str) -> None:
    assert "".join(filtered([answer], {1, 2})) == shown


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_no_prefix_of_a_stream_shows_what_the_whole_would_not(size: int) -> None:
    answer = "Thirty days [1], then [99] sixty [1, 42] and [2] no more [7]."
    whole = "".join(filtered([answer], {1, 2}))
    pieces = filtered([answer[at : at + size] for at in range(0, len(answer), size)], {1, 2})
    assert "".join(pieces) == whole
    shown = ""
    for piece in pieces:
        shown += piece
        assert whole.startswith(shown)


async def test_usage_survives_the_filter() -> None:
    from shared.domain import Usage

    async def deltas():
        yield ChatDelta(text="Yes [3")
        yield ChatDelta(text="].", usage=Usage(prompt_tokens=3, completion_tokens=2))

    seen = [delta async for delta in checked(deltas(), frozenset({3}))]
    assert "".join(delta.text for delta in seen) == "Yes [3]."
    assert [delta.usage for delta in seen if delta.usage] == [Usage(prompt_tokens=3, completion_tokens=2)]


def test_each_cited_passage_becomes_one_citation_in_order_of_mention() -> None:
    found = citations("Later [2], first [1], again [2].", [passage(1), passage(2), passage(3)])
    assert [(citation.marker, citation.page) for citation in found] == [(2, 12), (1, 11)]
    assert found[0].url == "/api/documents/d/content#page=12"


def test_the_snippet_is_where_the_cited_words_come_from() -> None:
    content = "Leave is 29 days. " + "Ask your manager early. " * 20 + "The office closes in winter."
    found = citations("Leave is 29 days. [1] And the office closes in winter. [1]", [passage(1, content)])
    assert found[0].snippet.startswith("Leave is 29 days.")


def test_snippet_shows_the_part_that_the_answer_used() -> None:
    content = (
        "Opening words. " * 30 + "The deposit is refunded within fourteen days. " + "Closing words. " * 30
    )
    shown = snippet(content, "When is the deposit refunded?")
    assert "refunded within fourteen days" in shown
    assert len(shown) <= 310
    assert shown.startswith("… ")


def test_snippet_of_a_tables_row_begins_with_this_row() -> None:
    head = "| Serial number | Model | Customer | Next calibration |\n| --- | --- | --- | --- |\n"
    rows = [
        f"| 300-{number:05} | LS-300 | Customer {number} | 2026-11-{number % 28 + 1:02} |"
        for number in range(40)
    ]
    said = "Serial number: 300-00031; Model: LS-300; Customer: Customer 31; Next calibration: 2026-11-04"
    assert snippet(head + "\n".join(rows), said).startswith("… | 300-00031 | LS-300 | Customer 31 |")


def test_snippet_of_a_long_word_is_bounded() -> None:
    assert len(snippet("x" * 10_000, "x")) <= 310


async def shown(words: list[str], known: set[int]) -> list[str]:
    async def said() -> AsyncGenerator[ChatDelta, None]:
        for word in words:
            yield ChatDelta(text=word)
        yield ChatDelta(usage=Usage(prompt_tokens=1))

    grounded = cite.grounded(said(), frozenset(known), instead="I don't know.")
    return [delta.text async for delta in grounded]


async def test_nothing_is_shown_before_its_first_citation() -> None:
    pieces = await shown(["The lock ", "is red", " [", "2]. ", "It is ", "old [1]."], {1, 2})
    assert pieces[0] == "The lock is red [2]."
    assert "".join(pieces) == "The lock is red [2]. It is old [1]."


@pytest.mark.parametrize("words", [["No idea", "."], ["It is red [9]."], ["It is [a] red (1)."], ["[9]"]])
async def test_an_answer_that_cites_nothing_found_is_never_shown(words: list[str]) -> None:
    assert "".join(await shown(words, {1, 2})) == "I don't know."


async def test_the_usage_survives_an_answer_that_is_not_shown() -> None:
    async def said() -> AsyncGenerator[ChatDelta, None]:
        yield ChatDelta(text="No idea.", usage=Usage(completion_tokens=3))

    told = [delta async for delta in cite.grounded(said(), frozenset(), instead="I don't know.")]
    assert [delta.usage for delta in told if delta.usage] == [Usage(completion_tokens=3)]


def test_markers_are_renumbered_all_at_once() -> None:
    assert cite.markers("a [1], b [2][3]") == {1, 2, 3}
    assert cite.renumbered("a [1], b [2][3]", {1: 2, 2: 1, 3: 9}) == "a [2], b [1][9]"
