"""How answers are shown, with streams that a test writes: broken off, degraded, stopped, hostile."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

PASSAGE = {
    "marker": 1,
    "document_id": "d1",
    "document": "shared/faq.html",
    "page": 1,
    "page_kind": "page",
    "snippet": "Yes: 6 percent of the list price a month",
    "url": "/api/documents/d1/content#page=1",
    "score": 1.0,
}


def stream(text: str, **more: Any) -> str:
    answer: dict[str, Any] = {
        "answer": text,
        "citations": [PASSAGE],
        "conversation_id": "c1",
        "request_id": "r1",
    }
    answer |= {"degraded": None, "degraded_reason": None, **more}
    events = [("context", {"conversation_id": "c1", "passages": [PASSAGE]}), ("delta", {"text": text})]
    return "".join(
        f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in [*events, ("done", answer)]
    )


def answering(
    page: Page, body: str, status: int = 200, kind: str = "text/event-stream", **options: Any
) -> None:
    page.route(
        "**/api/query", lambda route: route.fulfill(status=status, content_type=kind, body=body), **options
    )


def ask(page: Page, question: str = "Do you rent balances?") -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def test_markdown_becomes_paragraphs_lists_tables_and_code_but_never_links_or_images(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    text = (
        "Rent is **6 percent** [1].\n\n- one [1]\n- two `a[1]`\n\n"
        "| Product | Days |\n| --- | --- |\n| LS-100 | 2 |\n\n"
        "[a link](http://example.com) ![an image](http://example.com/x.png) <b onclick=alert(1)>bold</b> [7]"
    )
    answering(page, stream(text))
    ask(page)
    answer = page.locator(".answer-text")
    expect(answer.locator("strong")).to_have_text("6 percent")
    expect(answer.locator("li")).to_have_count(2)
    expect(answer.locator("code")).to_have_text("a[1]")
    expect(answer.get_by_role("columnheader")).to_have_text(["Product", "Days"])
    expect(answer.get_by_role("button")).to_have_count(2)
    expect(answer.locator("a, img, b")).to_have_count(0)
    expect(answer).to_contain_text("[a link](http://example.com)")
    expect(answer).to_contain_text("[7]")


def test_a_degraded_answer_says_so_in_words(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    answering(page, stream("Yes [1].", degraded="extractive", degraded_reason="the model cannot be reached"))
    ask(page)
    expect(page.get_by_text("word for word, without the language model: the model cannot")).to_be_visible()
    photograph(page, "degraded")


def test_an_error_in_mid_answer_keeps_the_text_and_another_try_takes_its_place(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    register(page)
    problem = {"status": 503, "title": "Unavailable", "detail": "the search index is unreachable"}
    begun = stream("Half an answer").split("event: done")[0]
    answering(page, f"{begun}event: error\ndata: {json.dumps(problem)}\n\n", times=1)
    ask(page)
    turn = page.get_by_role("article")
    expect(turn).to_contain_text("Half an answer")
    expect(turn.get_by_role("alert")).to_contain_text("The search index is unreachable.")
    turn.get_by_role("button", name="Try again").click()
    expect(turn.locator(".answer-text")).to_contain_text("percent")
    expect(turn).to_have_count(1)


def test_too_many_questions_tell_how_long_to_wait(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 429")
    register(page)

    def refuse(route: Route) -> None:
        problem = {"status": 429, "detail": "too many questions"}
        route.fulfill(status=429, json=problem, headers={"Retry-After": "7"})

    page.route("**/api/query", refuse)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("Too many questions. Try again in 7 s.")


def test_a_lost_connection_is_said_in_words(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("ERR_FAILED")
    register(page)
    page.route("**/api/query", lambda route: route.abort())
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")


def test_stop_ends_the_answer_and_leaves_the_box_ready(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    page.route("**/api/query", lambda _: None)  # never answered
    ask(page)
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.get_by_text("Stopped.", exact=True).last).to_be_visible()
    expect(page.get_by_role("button", name="Send the question")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".answer-text")).to_contain_text("percent")


def test_the_parser_takes_any_chunk_borders_comments_and_line_ends(page: Page) -> None:
    text = (
        ': heartbeat\r\n\r\nevent: delta\r\ndata: {"text": "grün €"}\r\n\r\n'
        ": x\n\ndata: a\ndata:b\n\nevent: lost\ndata: half"
    )
    script = """async ([text, size]) => {
      const { eventsOf } = await import("/chat/stream.js");
      const bytes = new TextEncoder().encode(text);
      const body = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const events = [];
      for await (const event of eventsOf(body)) events.push([event.event, event.data]);
      return events;
    }"""
    expected = [["delta", '{"text": "grün €"}'], ["message", "a\nb"]]
    for size in (1, 2, 3, 7, 1000):
        assert page.evaluate(script, [text, size]) == expected
        assert page.evaluate(script, [text.replace("\r\n", "\r"), size]) == expected


@pytest.mark.parametrize(
    ("text", "snippet", "found"),
    [
        ("a b\n  c  d, e", "B c D", "b\n  c  d"),
        ("<p>one <b>two</b> three four five</p>", "… three four five six …", "three four five"),
        ("one two", "two", "two"),
        ("one two three", "four five six", None),
        ("one two", "", None),
    ],
)
def test_a_passage_is_found_by_its_words(page: Page, text: str, snippet: str, found: str | None) -> None:
    script = """async ([text, snippet]) => {
      const { findPassage } = await import("/chat/source/passage.js");
      const range = findPassage(text, snippet);
      return range && text.slice(range.start, range.end);
    }"""
    assert page.evaluate(script, [text, snippet]) == found


@pytest.mark.parametrize(
    ("snippet", "words"),
    [
        ("… | 900 | LS-900 | Premium |", "… 900 · LS-900 · Premium"),
        ("| Model | Price |\n|---|---:|\n| LS-900 | 1,200 |\n", "Model · Price · LS-900 · 1,200"),
        ("## Leave\n\n- **29** days | `paid`", "Leave 29 days · paid"),
    ],
)
def test_a_snippet_is_shown_without_its_marks(page: Page, snippet: str, words: str) -> None:
    script = """async (snippet) => (await import("/chat/answer.js")).plain(snippet)"""
    assert page.evaluate(script, snippet) == words
