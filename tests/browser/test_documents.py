"""The documents on the chat page: failures, the view of all of them, hostile names and contents."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

HOSTILE = "<img src=x onerror=document.title='owned'>"


def upload(page: Page, name: str, content: bytes) -> None:
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.get_by_label("Choose documents to upload").set_input_files(file)


def test_a_file_that_cannot_be_read_shows_why_and_can_be_tried_again(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    upload(page, "broken.pdf", b"%PDF-1.7 and nothing of what should follow")
    row = page.locator(".row[data-status=failed]")
    expect(row).to_contain_text("broken.pdf")
    expect(row.locator(".row-reason")).not_to_be_empty()
    photograph(page, "failed-document")
    with page.expect_response("**/retry") as response:
        page.get_by_role("button", name="Try broken.pdf again").click()
    assert response.value.status == 202
    expect(row).to_contain_text("Failed")


def listed_as(page: Page, states: dict[str, dict[str, Any]]) -> None:
    """While they are in `states`, the list shows these documents in another state than the host has them."""

    def answer(route: Route) -> None:
        listed = route.fetch().json()
        for document in listed["documents"]:
            document.update(states.get(document["name"].partition(".")[0], {}))
        route.fulfill(body=json.dumps(listed), content_type="application/json")

    page.route("**/api/documents?*", answer)


def test_parked_documents_say_why_and_are_retried_together(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    all_parked = page.get_by_role("button", name="Retry all parked")
    for name in ("larks", "owls", "wrens"):
        upload(page, f"{name}.txt", f"The {name} sing in the morning.".encode())
        expect(page.locator(".row[data-status=indexed]", has_text=name)).to_be_visible()
    expect(all_parked).to_be_hidden()
    reason = "parked after five attempts: the embedding model is unavailable; retry it later"
    parked = {"status": "failed", "reason": reason, "is_parked": True}
    waiting = {"status": "embedding", "reason": "the search index is unavailable"}
    states: dict[str, dict[str, Any]] = {"larks": parked, "owls": parked, "wrens": waiting}
    listed_as(page, states)
    page.reload()
    row = page.locator(".row", has_text="larks")
    expect(row).to_contain_text("Failed (parked)")
    expect(row.locator(".row-reason")).to_have_text(reason)
    expect(page.locator(".row", has_text="wrens")).to_contain_text("Waiting: the search index is unavailable")
    photograph(page, "parked-documents")
    with page.expect_response("**/api/documents/retry") as response:
        all_parked.click()
    states.clear()
    assert response.value.status == 202
    expect(page.locator(".row[data-status=indexed]", has_text="larks")).to_be_visible()
    expect(all_parked).to_be_hidden()


def test_only_who_may_change_a_parked_document_is_offered_a_retry(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    listed_as(page, {"shared/faq": {"status": "failed", "reason": "parked", "is_parked": True}})
    page.reload()
    expect(page.locator(".row", has_text="faq.html")).to_contain_text("Failed (parked)")
    expect(page.get_by_role("button", name="Retry all parked")).to_be_hidden()


def test_markup_in_names_contents_and_answers_stays_text(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    title = page.title()
    name = f"{HOSTILE}.html"
    who = HOSTILE.replace("<", "&lt;")
    body = f"<h1>Zebrafish</h1><p>The zebrafish tank is cleaned on Tuesdays by {who}.</p>"
    upload(page, name, (body + "<script>document.title='owned'</script>").encode())
    expect(page.locator(".row[data-status=indexed]", has_text=HOSTILE)).to_be_visible()
    page.get_by_label("Your question").fill(f"When is the zebrafish tank cleaned? {HOSTILE}")
    page.keyboard.press("Enter")
    turn = page.get_by_role("article").last
    expect(turn.locator(".answer-text")).to_contain_text("Tuesdays")
    turn.locator(".citation").first.click()
    source = page.get_by_role("complementary", name="Source")
    expect(source.locator("pre")).to_contain_text("zebrafish tank")
    photograph(page, "hostile-text")
    assert page.locator("img, script:not([src])").count() == 0
    assert page.title() == title


def test_the_view_of_all_documents_counts_searches_and_narrows(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    upload(page, "broken.pdf", b"%PDF-1.7 and nothing of what should follow")
    upload(page, "Nightingale.txt", b"Nightingales sing at night.")
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_focused()
    states = page.get_by_role("group", name="Documents by state")
    expect(states.get_by_role("button", name="Failed 1")).to_be_visible()
    expect(states.get_by_role("button", name="Ready 4")).to_be_visible()
    states.get_by_role("button", name="Failed").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("broken.pdf")
    states.get_by_role("button", name="All").click()
    page.get_by_label("Search documents by name").fill("GALE")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("Nightingale.txt")
    page.get_by_label("Search documents by name").fill("no such name")
    page.get_by_role("button", name="Show all documents").click()
    expect(page.locator(".row")).to_have_count(5)
    page.reload()
    expect(page.get_by_label("Search documents by name")).to_be_visible()
    page.get_by_role("link", name="Chat").click()
    expect(page.get_by_label("Your question")).to_be_visible()
    expect(page.get_by_label("Search documents by name")).to_have_count(0)


def thousand(state: dict[str, str]) -> Callable[[Route], None]:
    """Answers pages of a list of a thousand documents, the fourth of which is in this state."""

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        first, limit = int(query.get("after", ["0"])[0]), int(query["limit"][0])
        listed = [one_of_many(number) for number in range(first, min(first + limit, 1000))]
        if first == 0:
            listed[3] |= state
        following = str(first + limit) if first + limit < 1000 else None
        route.fulfill(json={"documents": listed, "next": following})

    return answer


def one_of_many(number: int) -> dict[str, Any]:
    name = f"archive/letter {number:04}.pdf"
    read = {"status": "indexed", "reason": None, "size": 1200 + number, "pages": 3, "page_kind": "page"}
    kept = {"is_parked": False, "is_owner": True, "may_change": True, "readers": [], "tags": [], "title": ""}
    return {"id": f"{number:032x}", "name": name} | read | kept


def test_a_thousand_documents_come_a_page_at_a_time_and_only_what_changed_is_drawn_anew(
    page: Page, register: Callable[[Page], str]
) -> None:
    state = {"status": "embedding"}
    page.route("**/api/documents?*", thousand(state))
    register(page)
    rows = page.locator(".row[data-status]")
    expect(rows).to_have_count(100)
    page.get_by_role("link", name="Documents").click()
    page.locator("input[type=search]").wait_for()
    more = page.locator("button.more")  # by its role it would be looked for among thousands
    for shown in range(200, 1001, 100):
        more.click()
        expect(rows).to_have_count(shown)
    expect(more).to_be_hidden()
    rows.evaluate_all("nodes => { window.drawn = nodes; }")
    state["status"] = "indexed"
    expect(page.locator(".row[data-status=embedding]")).to_have_count(0)  # it looks again by itself
    replaced = page.evaluate(
        "window.drawn.filter((node) => !node.isConnected).map((node) => node.textContent)"
    )
    assert len(replaced) == 1
    assert "letter 0003.pdf" in replaced[0]
    page.locator("input[type=search]").fill("LETTER 0777")
    expect(rows).to_have_count(1)
