"""The library on the chat page: failures, sharing, hostile names and contents."""

import json
from collections.abc import Callable
from typing import Any

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


def listed_as(page: Page, **states: dict[str, Any]) -> None:
    """From here on the list shows these documents in another state than the host has them."""

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
    listed_as(page, larks=parked, owls=parked, wrens=waiting)
    page.reload()
    row = page.locator(".row", has_text="larks")
    expect(row).to_contain_text("Failed (parked)")
    expect(row.locator(".row-reason")).to_have_text(reason)
    expect(page.locator(".row", has_text="wrens")).to_contain_text("Waiting: the search index is unavailable")
    photograph(page, "parked-documents")
    page.unroute("**/api/documents?*")
    with page.expect_response("**/api/documents/retry") as response:
        all_parked.click()
    assert response.value.status == 202
    expect(page.locator(".row[data-status=indexed]", has_text="larks")).to_be_visible()
    expect(all_parked).to_be_hidden()


def test_only_who_may_change_a_parked_document_is_offered_a_retry(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    listed_as(page, **{"shared/faq": {"status": "failed", "reason": "parked", "is_parked": True}})
    page.reload()
    expect(page.locator(".row", has_text="faq.html")).to_contain_text("Failed (parked)")
    expect(page.get_by_role("button", name="Retry all parked")).to_be_hidden()


def test_the_upload_shows_its_progress_and_can_be_cancelled(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    register(page)
    page.route("**/api/documents/large.txt", lambda _: None)  # never answered
    upload(page, "large.txt", b"word " * 200_000)
    expect(page.get_by_role("progressbar", name="Upload of large.txt")).to_be_visible()
    page.get_by_role("button", name="Cancel the upload of large.txt").click()
    expect(page.locator(".upload")).to_have_count(0)


def test_a_refused_upload_says_why_and_offers_another_try(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 413")
    register(page)
    problem = {"status": 413, "title": "Too large", "detail": "the file is larger than 100 MB"}
    page.route("**/api/documents/refused.txt", lambda route: route.fulfill(status=413, json=problem), times=1)
    upload(page, "refused.txt", b"Larks sing in the morning.")
    expect(page.locator(".upload")).to_contain_text("The file is larger than 100 MB.")
    page.get_by_role("button", name="Try refused.txt again").click()
    expect(page.locator(".row[data-status=indexed]", has_text="refused.txt")).to_be_visible()


def test_an_owner_shares_a_document_with_everyone_and_takes_it_back(
    page: Page, new_page: Callable[..., Page], register: Callable[[Page], str]
) -> None:
    register(page)
    upload(page, "minutes.txt", b"The minutes of the meeting are kept by the secretary.")
    expect(page.locator(".row[data-status=indexed]", has_text="minutes.txt")).to_be_visible()
    share = page.get_by_role("button", name="Share minutes.txt with everyone")
    share.click()
    expect(share).to_have_attribute("aria-pressed", "true")

    other = new_page()
    register(other)
    expect(other.locator(".row", has_text="minutes.txt")).to_contain_text("shared with you")
    expect(other.get_by_role("button", name="Delete minutes.txt")).to_have_count(0)

    share.click()
    expect(share).to_have_attribute("aria-pressed", "false")
    other.reload()
    expect(other.locator(".row").first).to_be_visible()
    expect(other.locator(".row", has_text="minutes.txt")).to_have_count(0)


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


def test_dropped_files_are_uploaded(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    transfer = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["Dropped larks are soft."], "dropped note.txt"));
          return transfer;
        }"""
    )
    page.dispatch_event("main#chat", "drop", {"dataTransfer": transfer})
    expect(page.locator(".row[data-status=indexed]", has_text="dropped note.txt")).to_be_visible()
