"""Conversations in the side bar: titles, a search, files of them, a deletion that can be taken back."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

_QUESTION = "Do you rent balances?"
_NONE = "Your questions and answers are kept here."


@pytest.fixture
def library(page: Page, register: Callable[[Page], str]) -> Locator:
    """Of an account with one conversation, which is open."""
    register(page)
    page.get_by_label("Your question").fill(_QUESTION)
    page.keyboard.press("Enter")
    shown = page.get_by_role("complementary", name="Library")
    expect(conversation(shown, _QUESTION)).to_have_attribute("aria-current", "true")
    return shown


def conversation(library: Locator, title: str) -> Locator:
    return library.get_by_role("button", name=title, exact=True)


def act(library: Locator, title: str, action: str) -> None:
    more = library.get_by_role("button", name=f"Rename, download or delete {title}")
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    library.get_by_role("group", name=title).get_by_role("button", name=action).click()


def test_a_conversation_gets_another_title_which_stays(page: Page, library: Locator) -> None:
    act(library, _QUESTION, "Rename")
    box = library.get_by_label("Title of the conversation")
    expect(box).to_be_focused()
    box.fill("Thrown away")
    page.keyboard.press("Escape")
    expect(conversation(library, _QUESTION)).to_be_focused()

    act(library, _QUESTION, "Rename")
    box.fill("Rental of balances")
    page.keyboard.press("Enter")
    expect(conversation(library, "Rental of balances")).to_be_focused()
    page.reload()
    expect(conversation(library, "Rental of balances")).to_be_visible()
    expect(conversation(library, _QUESTION)).to_have_count(0)


def test_a_deleted_conversation_comes_back_when_that_is_asked_for(page: Page, library: Locator) -> None:
    act(library, _QUESTION, "Delete")
    expect(conversation(library, _QUESTION)).to_have_count(0)
    expect(page.get_by_role("article")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(conversation(library, _QUESTION)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("article")).to_have_count(1)
    page.reload()
    expect(conversation(library, _QUESTION)).to_be_visible()


def test_a_deleted_conversation_is_gone_after_some_seconds(page: Page, library: Locator) -> None:
    with page.expect_response(lambda one: one.request.method == "DELETE", timeout=30_000) as deleted:
        act(library, _QUESTION, "Delete")
        page.get_by_label("Your question").hover()
    assert deleted.value.status == 204
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_text(_NONE)).to_be_visible()


def test_a_deletion_is_not_forgotten_by_a_tab_that_goes_away(page: Page, library: Locator) -> None:
    act(library, _QUESTION, "Delete")
    expect(conversation(library, _QUESTION)).to_have_count(0)
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_text(_NONE)).to_be_visible()


def test_a_refused_deletion_brings_the_row_back_and_says_why(
    page: Page, library: Locator, expected_failures: list[str]
) -> None:
    expected_failures.append("status of 503")

    def refuse(route: Route) -> None:
        if route.request.method == "DELETE":
            problem = {"status": 503, "detail": "the metadata store is unreachable"}
            route.fulfill(status=503, json=problem)
        else:
            route.fallback()

    page.route("**/api/conversations/*", refuse)
    act(library, _QUESTION, "Delete")
    page.get_by_label("Your question").hover()
    expect(library.get_by_role("alert")).to_contain_text("unreachable", timeout=30_000)
    expect(conversation(library, _QUESTION)).to_be_visible()


def test_a_conversation_and_all_of_them_come_as_files(page: Page, library: Locator) -> None:
    with page.expect_download() as one:
        act(library, _QUESTION, "Download")
    assert one.value.suggested_filename == "Do you rent balances.md"
    assert "percent" in Path(one.value.path()).read_text()
    with page.expect_download() as every:
        library.get_by_role("button", name="Download all conversations").click()
    assert every.value.suggested_filename == "conversations.jsonl"
    assert json.loads(Path(every.value.path()).read_text())["title"] == _QUESTION


def test_a_search_narrows_the_list_and_finds_the_oldest(page: Page, library: Locator) -> None:
    at = "2026-01-01T00:00:00+00:00"
    every = [
        {"id": f"c{number}", "title": f"Question {number}", "created_at": at, "updated_at": at}
        for number in range(700)
    ]

    def some(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        first = int(asked.get("after", ["0"])[0])
        end = first + int(asked["limit"][0])
        route.fulfill(
            json={"conversations": every[first:end], "next": str(end) if end < len(every) else None}
        )

    page.route(re.compile(r"/api/conversations\?"), some)
    page.reload()
    rows = library.locator(".conversation:visible")
    expect(rows).to_have_count(50)
    library.get_by_role("button", name="Older conversations").click()
    expect(rows).to_have_count(100)
    search = library.get_by_role("searchbox", name="Search the conversations")
    search.fill("question 69")
    expect(rows).to_have_count(11)
    search.fill("nothing of the kind")
    expect(library.get_by_role("status")).to_contain_text("No conversation has these words")
    search.fill("")
    expect(rows).to_have_count(700)
