"""What can be done with an answer: copy it, ask again or further, rate it, choose who writes it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_answers import answering, ask, stream

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def test_an_answer_is_copied_with_its_sources(page: Page, register: Callable[[Page], str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    register(page)
    answering(page, stream("Write to ada\u2060@example.com [1]."))
    ask(page)
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "Write to ada@example.com [1].\n\n[1] faq.html, page 1"


def test_a_question_that_may_come_next_is_asked_by_its_button(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    answering(page, stream("Yes [1].", follow_ups=["What does it cost?", "For how long?"]))
    ask(page)
    page.get_by_role("group", name="Questions that may come next").get_by_role("button").last.click()
    expect(page.get_by_role("article").last.get_by_role("heading", level=2)).to_have_text("For how long?")


def test_a_finished_answer_can_be_asked_for_again(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    answering(page, stream("Yes [1]."))
    ask(page)
    page.get_by_role("button", name="Ask again").click()
    expect(page.get_by_role("heading", name="Do you rent balances?")).to_have_count(2)


def test_a_rating_may_be_followed_by_a_word_why(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    ask(page)
    page.get_by_role("button", name="Poor answer").click()
    why = page.get_by_label("What was wrong with it?")
    why.fill("The price is of last year")
    with page.expect_response("**/api/feedback") as response:
        page.keyboard.press("Enter")
    assert response.value.status == 201
    sent = response.value.request.post_data_json
    assert (sent["rating"], sent["comment"]) == ("down", "The price is of last year")
    expect(page.get_by_text("Thank you, that helps.")).to_be_focused()


def test_who_answers_is_said_and_can_be_chosen_for_the_tab(
    page: Page,
    register: Callable[[Page], str],
    photograph: Callable[[Page, str], None],
    expected_failures: list[str],
) -> None:
    expected_failures.append("status of 404")  # the server knows nothing of the conversation
    models = [{"id": name} for name in ("gpt-large", "extractive")]
    page.route("**/api/v1/models", lambda route: route.fulfill(json={"object": "list", "data": models}))
    register(page)
    answering(page, stream("Yes [1].", model="gpt-large", cached=False))
    choice = page.get_by_label("Answers by")
    expect(choice).to_have_value("gpt-large")
    ask(page)
    expect(page.get_by_text("Answered by gpt-large", exact=True)).to_be_visible()
    photograph(page, "model-choice")
    choice.select_option("Quotations only")
    with page.expect_request("**/api/query") as asked:
        ask(page)
    assert asked.value.post_data_json["model"] == "extractive"
    page.reload()
    expect(choice).to_have_value("extractive")


def test_where_there_is_one_model_nobody_is_asked_to_choose(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    ask(page)
    expect(page.get_by_text(re.compile("^Quotations only"))).to_be_visible()
    expect(page.get_by_label("Answers by")).to_have_count(0)
