"""Lines of a PDF become headings, paragraphs and tables where that is sure, and stay lines elsewhere."""

import io
from collections.abc import Callable

import pytest
from reportlab.pdfgen.canvas import Canvas

from shared.domain import ParsedDocument
from shared.ingest.parse.pdf_layout import to_markdown
from shared.ingest.parse.pdf_table import Cell, Line

Parse = Callable[[str, bytes], ParsedDocument]
LONG = "This sentence is long enough to fill the whole width of a printed page of the document"


def line(*texts: str, height: float = 10.0, lefts: tuple[float, ...] = (0, 200, 400)) -> Line:
    """One cell per text, at `lefts`; five points per character."""
    cells = [
        Cell(left=left, right=left + 5 * len(text), text=text)
        for left, text in zip(lefts, texts, strict=False)
    ]
    return Line(height=height, cells=tuple(cells))


def page(*texts: str) -> list[Line]:
    return [line(text) for text in texts]


def test_large_lines_become_headings_by_rank_of_their_size() -> None:
    lines = [
        line("Title of", height=20),
        line("the report", height=20),
        line("Part", height=14),
        *page(LONG, LONG),
    ]
    assert to_markdown([lines])[0].startswith(f"\n# Title of the report\n\n\n## Part\n\n{LONG}")


def test_where_much_is_large_nothing_is_a_heading() -> None:
    assert "#" not in to_markdown([[line("Big", height=20), line("small")]])[0]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("the measure-", "ment was", "the measurement was"),
        ("the measure\x02", "ment was", "the measurement was"),
        ("a well-", "known fact", "a well-known fact"),
        ("the EU-", "Commission", "the EU-Commission"),
        ("from 10-", "20 days", "from 10- 20 days"),
        ("one line and", "another", "one line and another"),
        ("see Smith,", "Jones", "see Smith, Jones"),
    ],
)
def test_lines_of_a_paragraph_are_joined_and_hyphens_undone_with_care(
    first: str, second: str, joined: str
) -> None:
    known = line("Also: well-known things, of which more will follow.")
    assert to_markdown([[line(first), line(second), known]])[0].split("\n")[0] == joined


def test_items_and_short_lines_stay_apart() -> None:
    text = to_markdown([page("Menu", "• Soup", "• Salad", "1. Fish", "Name: Otto", LONG)])[0]
    assert text.split("\n") == ["Menu", "- Soup", "- Salad", "1. Fish", "Name: Otto", LONG]


def test_what_markdown_would_take_for_markup_is_escaped() -> None:
    assert to_markdown([page("# 5 of the list", "| x")])[0] == "\\# 5 of the list\n\\| x"


def test_running_heads_and_page_numbers_are_dropped_only_where_most_pages_have_them() -> None:
    texts = [f"Content {letter} of this page.\nMore of it." for letter in "abcde"]
    pages = [
        page("ACME report", f"Chapter {number}", *text.split("\n"), f"- {number} -")
        for number, text in enumerate(texts)
    ]
    assert to_markdown(pages) == [f"ACME report\nChapter 0\n{texts[0]}", *texts[1:]]
    single = [page("ACME report", "Chapter 1", texts[0]), page("Other", "Chapter 2", texts[1])]
    assert "Chapter 1" in to_markdown(single)[0]


def test_two_pages_lose_only_what_counts_them() -> None:
    pages = [page("Offer 7", text, "Really.", f"Page {number}/2") for number, text in enumerate("AB", 1)]
    assert to_markdown(pages) == ["Offer 7\nA\nReally.", "Offer 7\nB\nReally."]


def test_aligned_cells_become_a_table_and_wrapped_ones_are_put_together() -> None:
    rows = [
        line("Code", "Meaning"),
        line("E1", "no"),
        line("power", lefts=(200,)),
        line("E2", "too hot"),
        line("end."),
    ]
    assert to_markdown([rows])[0].strip() == (
        "| Code | Meaning |\n| --- | --- |\n| E1 | no power |\n| E2 | too hot |\n\nend."
    )


def test_a_table_that_goes_on_gets_its_header_on_the_next_page() -> None:
    first = [line("Intro"), line("Code", "Meaning"), line("E1", "no power"), line("E2", "too hot")]
    second = [line("E3", "wet"), line("E4", "broken"), line("E5", "cold"), line("Outro.")]
    assert (
        to_markdown([first, second])[1].strip().startswith("| Code | Meaning |\n| --- | --- |\n| E3 | wet |")
    )


@pytest.mark.parametrize(
    "rows",
    [
        [("1.", "First thing"), ("2.", "Second thing"), ("3.", "Third thing")],
        [("left column of prose that runs", "right column of prose that runs")] * 4,
        [("only", "two"), ("rows", "here")],
    ],
    ids=["numbered list", "prose in columns", "too short"],
)
def test_what_only_looks_like_a_table_stays_text(rows: list[tuple[str, str]]) -> None:
    assert "|" not in to_markdown([[line(*row) for row in rows]])[0]


@pytest.mark.slow
def test_a_pdf_of_thousands_of_pages_is_read_without_its_tables(parse: Parse) -> None:
    target = io.BytesIO()
    canvas = Canvas(target)
    for number in range(2_001):
        for row in range(3):
            canvas.drawString(50, 700 - 20 * row, f"Row {row}.")
            canvas.drawString(300, 700 - 20 * row, chr(65 + number % 26) * 2)
        canvas.showPage()
    canvas.save()
    document = parse("big.pdf", target.getvalue())
    assert len(document.pages) == 2_001
    assert document.pages[1_999].text.split("\n") == ["Row 0. XX", "Row 1. XX", "Row 2. XX"]
