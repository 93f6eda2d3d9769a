"""The source beside the answer, in a real browser: each kind of file, at the passage that is cited."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.browser.test_answers import answering, ask
from tests.real_host import RealHost
from tests.stand_ins.hostile_pdfs import one_page, stream

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

Library: TypeAlias = Callable[..., dict[str, Any]]
INK = """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]
    .filter((value, index) => index % 4 === 0 && value < 128).length"""  # dark points
PASSAGE = "The pump runs for nine hours on one charge."


def book(pages: int, *, noise: int = 0) -> bytes:
    """A PDF whose every page says which it is; on the third stands the passage. `noise`: bytes a page."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, pageCompression=0)
    for number in range(1, pages + 1):
        canvas.drawString(72, 760, f"This is page {number}.")
        if number == 3:
            canvas.drawString(72, 700, "The pump runs for nine")
            canvas.drawString(72, 684, "hours on one charge.")
        canvas._code.append(f"% {number:07d}" + "x" * noise)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.fixture
def library(host: RealHost) -> Iterator[Library]:
    """Put a document there for everyone, for the length of the test; the document."""
    kept: list[str] = []

    def put(name: str, content: bytes, status: str = "indexed") -> dict[str, Any]:
        kept.append(host.put(f"shared/{name}", content))
        return host.wait_for_status(f"shared/{name}", status)

    yield put
    for each in kept:
        host.client.delete(f"/api/documents/{each}").raise_for_status()


def cited(page: Page, document: dict[str, Any], number: int, snippet: str) -> Locator:
    """Open this citation; the panel."""
    citation = {"marker": 1, "document_id": document["id"], "document": document["name"], "page": number}
    citation |= {"page_kind": document["page_kind"], "snippet": snippet, "url": "", "score": 1}
    answer: dict[str, Any] = {"answer": "So it says [1].", "citations": [citation], "conversation_id": "c1"}
    answer |= {"request_id": "r1", "degraded": None, "degraded_reason": None, "model": "told"}
    events = [("context", {"conversation_id": "c1", "passages": [citation]}), ("done", answer)]
    answering(page, "".join(f"event: {event}\ndata: {json.dumps(data)}\n\n" for event, data in events))
    ask(page)
    page.locator(".chip").click()
    return page.get_by_role("complementary", name="Source")


def test_a_pdf_opens_at_its_page_with_the_passage_marked_and_its_pages_turn(
    page: Page,
    register: Callable[[Page], str],
    library: Library,
    photograph: Callable[[Page, str], None],
) -> None:
    register(page)
    document = library("book.pdf", book(5))
    source = cited(page, document, 3, PASSAGE)
    expect(source.locator("mark")).to_have_text(["The pump runs for nine", "hours on one charge"])
    expect(source.locator("mark").first).to_be_in_viewport()
    expect(source.locator("canvas")).to_be_visible()
    expect(source.locator(".source-page")).to_have_text("page 3 of 5")
    expect(source.locator(".source-quote")).to_be_hidden()
    sheet = source.get_by_role("group", name="book.pdf, page 3 of 5")
    assert source.locator("canvas").evaluate(INK) > 200  # the words are drawn
    wide = source.locator("canvas").bounding_box()
    photograph(page, "source-pdf-page")

    sheet.focus()
    page.keyboard.press("ArrowRight")
    expect(source.locator(".source-page")).to_have_text("page 4 of 5")
    expect(source.locator(".pdf-text")).to_contain_text("This is page 4.")
    expect(source.get_by_role("status").last).to_have_text("page 4 of 5")
    source.get_by_role("button", name="Previous page").click()
    expect(source.locator("mark")).to_have_count(2)
    expect(source.get_by_role("button", name="Previous page")).to_be_focused()
    source.get_by_role("button", name="Zoom in").click()
    expect(source.locator(".pdf-sheet")).not_to_have_css("width", f"{wide['width']}px" if wide else "")

    page.keyboard.press("Escape")
    expect(source).to_be_hidden()
    expect(page.locator(".chip")).to_be_focused()


def test_of_a_large_pdf_only_the_parts_of_the_page_are_fetched(
    page: Page, register: Callable[[Page], str], library: Library
) -> None:
    register(page)
    content = book(60, noise=150_000)
    assert len(content) > 8_000_000
    document = library("large.pdf", content)
    fetched: list[int] = []
    page.on(
        "response",
        lambda each: fetched.append(int(each.headers["content-length"])) if "/content" in each.url else None,
    )
    source = cited(page, document, 3, PASSAGE)
    expect(source.locator("mark").first).to_be_visible()
    assert sum(fetched) < len(content) / 2
    source.get_by_role("button", name="Next page").click()
    expect(source.locator(".pdf-text")).to_contain_text("This is page 4.")
    with page.expect_download() as downloaded:
        source.get_by_role("button", name="Download").click()
    assert downloaded.value.path().read_bytes() == content


def test_a_broken_pdf_says_so_and_can_be_downloaded(
    page: Page, register: Callable[[Page], str], library: Library
) -> None:
    register(page)
    document = library("broken.pdf", b"%PDF-1.7\nnothing of a PDF follows", "failed")
    source = cited(page, document, 1, "")
    expect(source).to_contain_text("This PDF cannot be shown here. Download it to read it.")
    expect(source.get_by_role("link", name="Download")).to_be_visible()


def test_a_scanned_page_is_drawn_and_the_passage_quoted_beside_it(
    page: Page, register: Callable[[Page], str], library: Library
) -> None:
    """Its picture is JPEG 2000, which takes a decoder of its own."""
    register(page)
    picture = io.BytesIO()
    Image.new("L", (64, 64), 0).save(picture, "JPEG2000", no_jp2=True)
    entries = b"/Type/XObject/Subtype/Image/Width 64/Height 64"
    entries += b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/JPXDecode"
    scan = one_page(
        stream(b"q 300 0 0 300 100 300 cm /Im Do Q"),
        stream(picture.getvalue(), entries),
        resources=b"/XObject<</Im 6 0 R>>",
    )
    document = library("scan.pdf", scan, "failed")  # there is nothing to read on it
    source = cited(page, document, 1, PASSAGE)
    expect(source.locator("canvas")).to_be_visible()
    assert source.locator("canvas").evaluate(INK) > 10_000
    expect(source.get_by_role("figure")).to_contain_text(PASSAGE)


SHOWN = [
    ("notes.md", "# Pumps\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" + PASSAGE, "ul li", "one"),
    ("notes.txt", f"Before.\n{PASSAGE}\nAfter.", "pre", "Before."),
    ("notes.html", f"<h1>Pumps</h1><p>{PASSAGE}</p><p>After.</p>", "pre", "After."),
    ("notes.json", json.dumps({"pumps": [{"says": PASSAGE}]}), "pre .unsaid", '"pumps":'),
]


@pytest.mark.parametrize(("name", "content", "where", "what"), SHOWN)
def test_text_is_shown_as_what_it_is_with_the_passage_marked(
    page: Page,
    register: Callable[[Page], str],
    library: Library,
    name: str,
    content: str,
    where: str,
    what: str,
) -> None:
    register(page)
    document = library(name, content.encode())
    source = cited(page, document, 1, PASSAGE)
    expect(source.locator("mark")).to_contain_text("The pump runs for nine hours on one charge")
    expect(source.locator(where).first).to_contain_text(what)
    expect(source.get_by_role("heading", name=name)).to_be_focused()


def test_a_csv_file_is_a_table_with_the_cited_row_marked(
    page: Page, register: Callable[[Page], str], library: Library, photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    rows = "".join(f'"Pump, {n}";{n * 10};"says ""{n}"""\r\n' for n in range(1, 2001))
    document = library("pumps.csv", f"Name;Litres;Note\r\n{rows}".encode())
    source = cited(
        page, document, 1, '| Name | Litres | Note |\n|---|---|---|\n| Pump, 1500 | 15000 | says "1500" |'
    )
    expect(source.get_by_role("columnheader")).to_have_text(["Row", "Name", "Litres", "Note"])
    marked = source.locator("tr[aria-current=true]")
    expect(marked.locator("th, td")).to_have_text(["1500", "Pump, 1500", "15000", 'says "1500"'])
    expect(marked).to_be_in_viewport()
    assert source.locator("tbody tr").count() == 400
    expect(source).to_contain_text("Rows 1300 to 1699 of 2000")
    photograph(page, "source-table")


def test_what_no_browser_shows_is_shown_as_the_text_that_was_indexed(
    page: Page, register: Callable[[Page], str], library: Library
) -> None:
    register(page)
    mail = f"From: a@example.com\nTo: b@example.com\nSubject: Pumps\n\nHello,\n\n{PASSAGE}\n"
    document = library("mail.eml", mail.encode())
    source = cited(page, document, 1, PASSAGE)
    expect(source.locator("mark")).to_contain_text("The pump runs for nine hours on one charge")
    expect(source).to_contain_text("The text that answers are made from.")


def test_on_a_phone_the_source_covers_and_gives_the_page_back(
    new_page: Callable[..., Page],
    register: Callable[[Page], str],
    library: Library,
    photograph: Callable[[Page, str], None],
) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, color_scheme="dark", device_scale_factor=2)
    register(page)
    document = library("book.pdf", book(3))
    source = cited(page, document, 3, PASSAGE)
    expect(source.locator("mark").first).to_be_in_viewport()
    box = source.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)
    photograph(page, "source-phone-dark")
    source.get_by_role("button", name="Close the source").click()
    expect(page.locator(".chip")).to_be_focused()
