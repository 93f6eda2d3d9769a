"""What the page says before the first question, and the questions that it suggests."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

# What a library of these documents is offered: each question, and the kind of file that answers it.
_OFFERED = """async (names) => {
  const { Start } = await import("/chat/start.js");
  const { SUGGESTIONS } = await import("/chat/suggestions.js");
  const start = new Start(() => {}, () => {});
  const every = SUGGESTIONS.map(({ document }) => document);
  start.know((names ?? every).map((name) => ({ name, status: "indexed" })));
  return [...start.node.querySelectorAll(".suggestion")].map((button) => {
    const { document, language } = SUGGESTIONS.find(({ question }) => question === button.textContent);
    return { kind: document.split(".").at(-1), language: language ?? "en" };
  });
}"""


def test_four_questions_over_four_kinds_of_file_are_offered(page: Page) -> None:
    offered = page.evaluate(_OFFERED)
    assert len({each["kind"] for each in offered}) == len(offered) == 4
    assert {each["language"] for each in offered} == {"en"}


def test_questions_in_the_readers_languages_come_first(new_page: Callable[..., Page]) -> None:
    offered = new_page(locale="de-DE").evaluate(_OFFERED)
    assert [each["language"] for each in offered] == ["de", "en", "en", "en"]


def test_a_question_is_offered_only_while_its_document_is_there(page: Page) -> None:
    assert page.evaluate(_OFFERED, ["shared/reiserichtlinie.md", "other.pdf"]) == [
        {"kind": "md", "language": "de"}
    ]


def test_how_much_is_read_is_said_while_it_is_being_read(page: Page) -> None:
    words = """async (states) => {
      const { Start } = await import("/chat/start.js");
      const start = new Start(() => {}, () => {});
      start.know(states.map((status) => ({ name: "a.txt", status })));
      return start.words.textContent;
    }"""

    def said(*states: str) -> Any:
        return page.evaluate(words, list(states))

    assert "There is nothing to search yet." in said()
    assert "Reading the documents: 2 of 4 are ready." in said("indexed", "failed", "queued", "embedding")
    assert "Reading" not in said("indexed", "failed")


def test_a_suggested_question_is_asked_and_the_focus_stays_in_the_conversation(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    question = "What was the root cause of incident IR-2026-03?"
    page.get_by_role("button", name=question).click()
    expect(page.get_by_role("article").get_by_role("heading", name=question)).to_be_visible()
    expect(page.get_by_role("region", name="Conversation", exact=True)).to_be_focused()
