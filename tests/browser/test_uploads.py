"""Files and folders on their way from the chat page: progress, failures, many at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.browser.test_documents import upload

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a folder in it, and what computers leave in folders."""
    top = tmp_path / "birds"
    (top / "sea").mkdir(parents=True)
    (top / ".git").mkdir()
    (top / "larks.txt").write_text("Larks sing in the morning.")
    (top / "sea" / "gulls.txt").write_text("Gulls cry over the harbour.")
    (top / ".DS_Store").write_text("junk")
    (top / ".git" / "config").write_text("junk")
    return top


def test_a_chosen_folder_keeps_its_paths(
    page: Page, register: Callable[[Page], str], folder: Path, photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    page.get_by_role("link", name="Documents").click()
    page.get_by_label("Choose a folder to upload").set_input_files(folder)
    row = page.locator(".row[data-status=indexed]", has_text="gulls.txt")
    expect(row).to_contain_text("birds/sea")
    expect(page.locator(".row[data-status=indexed]", has_text="larks.txt")).to_be_visible()
    expect(page.locator(".row", has_text="config")).to_have_count(0)
    photograph(page, "documents-view")

    row.get_by_role("button", name="birds/sea").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_text("Only what is in birds/sea. New files go there.")).to_be_visible()
    upload(page, "terns.txt", b"Terns dive for fish.")
    expect(page.locator(".row[data-status=indexed]", has_text="terns.txt")).to_contain_text("birds/sea")


def test_a_dropped_folder_is_uploaded_with_its_paths(
    page: Page, register: Callable[[Page], str], folder: Path
) -> None:
    register(page)
    devtools = page.context.new_cdp_session(page)
    what = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": step, "x": 700, "y": 400, "data": what})
    expect(page.locator(".row[data-status=indexed]", has_text="gulls.txt")).to_contain_text("birds/sea")
    expect(page.locator(".row[data-status=indexed]", has_text="larks.txt")).to_contain_text("birds")
    expect(page.locator(".row", has_text="junk")).to_have_count(0)


def many(count: int) -> list[FilePayload]:
    return [
        FilePayload(name=f"day {number}.txt", mimeType="text/plain", buffer=f"Day {number}.".encode())
        for number in range(count)
    ]


def test_many_files_go_a_few_at_a_time_with_one_line_for_all_of_them(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/documents/day*", hold)
    page.get_by_label("Choose documents to upload").set_input_files(many(40))
    expect(page.get_by_text("Uploading 1 of 40")).to_be_visible()
    expect(page.get_by_role("progressbar", name="All uploads")).to_be_visible()
    expect(page.locator(".upload")).to_have_count(3)
    assert len(held) == 3
    held.pop().continue_()
    expect(page.get_by_text("Uploading 2 of 40")).to_be_visible()
    photograph(page, "uploading-many")
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".upload")).to_have_count(0)
    expect(page.get_by_text("Uploading 2 of 40")).to_be_hidden()
    expect(page.locator(".row", has_text="day")).to_have_count(1)


def test_files_that_fail_among_many_are_tried_again_together(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 503")
    register(page)
    problem = {"status": 503, "detail": "the storage is unavailable"}
    page.route("**/api/documents/day*", lambda route: route.fulfill(status=503, json=problem), times=2)
    page.get_by_label("Choose documents to upload").set_input_files(many(4))
    expect(page.get_by_text("2 failed")).to_be_visible()
    expect(page.locator(".upload.failed")).to_have_count(2)
    expect(page.locator(".upload.failed").first).to_contain_text("The storage is unavailable.")
    page.get_by_role("button", name="Try all again").click()
    expect(page.locator(".row[data-status=indexed]", has_text="day")).to_have_count(4)
    expect(page.locator(".upload")).to_have_count(0)
