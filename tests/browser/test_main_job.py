"""Register, upload, ask, read the cited page, delete: the main job, in a real browser on a real host."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.asking import ask

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

_HANDBOOK = Path(__file__).parents[2] / "samples/employee-handbook.pdf"
_QUESTION = "How many weeks of parental leave with full pay do parents receive?"
_PAGE_2 = re.compile(r"^blob:http.+#page=2\b")


def row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has=page.get_by_role("button", name=name, exact=True))


def test_a_document_is_uploaded_asked_about_opened_at_its_page_and_deleted(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    page.get_by_label("Choose documents to upload").set_input_files(_HANDBOOK)
    expect(row(page, "employee-handbook.pdf")).to_have_attribute("data-status", "indexed")
    expect(row(page, "employee-handbook.pdf")).to_contain_text("5 pages")

    turn = ask(page, _QUESTION)
    expect(turn.locator(".answer-text")).to_contain_text("18 weeks")
    expect(turn.locator(".citation").first).to_contain_text("employee-handbook.pdf · page 2")
    chip = turn.get_by_role("button", name=re.compile(r"^Source \d+: employee-handbook.pdf, page 2$")).first
    chip.click()

    source = page.get_by_role("complementary", name="Source")
    expect(source.get_by_role("heading", name="employee-handbook.pdf")).to_be_focused()
    expect(source.locator(".source-page")).to_have_text("page 2 of 5")
    expect(source.locator("mark").first).to_be_in_viewport()
    expect(source.get_by_role("link", name="Open in a new tab")).to_have_attribute("href", _PAGE_2)
    photograph(page, "source-pdf")
    page.get_by_role("button", name="Close the source").click()
    expect(chip).to_be_focused()

    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Delete employee-handbook.pdf").click()
        expect(row(page, "employee-handbook.pdf")).to_have_count(0)
    expect(ask(page, _QUESTION).locator(".answer-text")).not_to_contain_text("18 weeks")


def test_a_text_source_shows_the_cited_passage_marked(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    turn = ask(page, "What was the root cause of the drift of the LS-300 balances in incident IR-2026-03?")
    turn.get_by_role("button", name=re.compile(r"^Source \d+: incident-ir-2026-03.md")).first.click()
    mark = page.get_by_role("complementary", name="Source").locator("mark")
    expect(mark).to_be_in_viewport()
    expect(mark).to_have_text(re.compile(r"\w+\W+\w+\W+\w+"))


def test_a_question_without_an_answer_in_the_documents_says_so_and_cites_nothing(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    turn = ask(page, "Who composed the opera Turandot?")
    expect(turn.locator(".answer-text")).to_contain_text("I don't know")
    expect(turn.locator(".chip")).to_have_count(0)
    expect(turn.get_by_role("region", name="Sources")).to_have_count(0)
    expect(turn).to_contain_text("add a document that covers the question")
    nearest = turn.get_by_role("region", name="Nearest passages").get_by_role("button").first
    nearest.click()
    expect(page.get_by_role("complementary", name="Source")).to_be_visible()
    photograph(page, "dont-know")


def test_a_conversation_goes_on_and_is_there_again_after_a_reload_and_from_the_list(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    first = "How long is the delivery time of the LS-900 microbalance?"
    ask(page, first)
    ask(page, "And of the FS series?")
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)

    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_be_focused()
    library = page.get_by_role("complementary", name="Library")
    library.get_by_role("button", name=first, exact=True).click()
    expect(page.get_by_role("article")).to_have_count(2)


def test_an_answer_can_be_rated(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    turn = ask(page, "Do you rent balances?")
    with page.expect_response("**/api/feedback") as response:
        turn.get_by_role("button", name="Good answer").click()
    assert response.value.status == 201
    expect(turn.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
