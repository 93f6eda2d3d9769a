"""What was deleted on the page can be brought back for some seconds; then it goes, also when the tab does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.test_access import photographed, press_until
from tests.browser.test_accounts import sign_in
from tests.browser.test_documents import upload
from tests.planted import planted

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

PASSWORD = planted("password")


def row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has=page.get_by_role("button", name=name, exact=True))


def with_document(page: Page, name: str, content: str = "Larks sing in the morning.") -> None:
    upload(page, name, content.encode())
    expect(row(page, name)).to_have_attribute("data-status", "indexed")


def is_deletion(request: Request) -> bool:
    return request.method == "DELETE" and "/api/documents/" in request.url


@pytest.fixture
def deletions(page: Page) -> list[str]:
    """The addresses of those that the page has asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if is_deletion(request) else None)
    return asked


def test_a_deletion_is_taken_back_before_the_server_hears_of_it(
    page: Page,
    register: Callable[[Page], str],
    deletions: list[str],
    photograph: Callable[[Page, str], None],
) -> None:
    register(page)
    with_document(page, "larks.txt")
    page.get_by_role("button", name="larks.txt", exact=True).click()
    source = page.get_by_role("complementary", name="Source")
    expect(source).to_contain_text("Larks sing")
    page.get_by_role("button", name="Delete larks.txt").click()
    expect(row(page, "larks.txt")).to_have_count(0)
    expect(source).to_be_hidden()
    expect(page.get_by_role("status").first).to_contain_text("Deleted larks.txt.")
    photograph(page, "deleted-with-undo")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="larks.txt", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert deletions == []


def test_without_a_word_it_is_deleted_some_seconds_later(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    with_document(page, "owls.txt")
    with page.expect_response(lambda response: is_deletion(response.request)) as deleted:
        page.get_by_role("button", name="Delete owls.txt").click()
    assert deleted.value.status == 204
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.reload()
    expect(page.locator(".row").first).to_be_visible()
    expect(row(page, "owls.txt")).to_have_count(0)


def test_by_keyboard_alone_it_is_deleted_and_brought_back(
    page: Page, register: Callable[[Page], str], deletions: list[str]
) -> None:
    register(page)
    with_document(page, "crows.txt")
    with_document(page, "rooks.txt")
    page.get_by_role("button", name="Delete rooks.txt").focus()
    page.keyboard.press("Enter")
    expect(row(page, "rooks.txt")).to_have_count(0)
    expect(page.get_by_role("button", name="crows.txt", exact=True)).to_be_focused()  # the next row
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="rooks.txt", exact=True)).to_be_focused()
    assert deletions == []


def test_time_stands_still_while_the_button_has_the_focus(
    page: Page, register: Callable[[Page], str], deletions: list[str]
) -> None:
    page.clock.install()
    page.reload()
    register(page)
    with_document(page, "finches.txt")
    page.get_by_role("button", name="Delete finches.txt").click()
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    page.clock.fast_forward(60_000)
    expect(undo).to_be_focused()
    assert deletions == []
    with page.expect_request(is_deletion):
        page.get_by_label("Your question").focus()
        page.clock.fast_forward(9_000)


def test_who_leaves_the_tab_has_deleted_it(
    page: Page, new_page: Callable[..., Page], register: Callable[[Page], str], deletions: list[str]
) -> None:
    email = register(page)
    with_document(page, "swifts.txt")
    other = new_page()
    sign_in(other, email, PASSWORD)
    expect(row(other, "swifts.txt")).to_be_visible()
    page.get_by_role("button", name="Delete swifts.txt").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert deletions == []
    page.close(run_before_unload=True)
    expect(row(other, "swifts.txt")).to_have_count(0, timeout=45_000)  # it looks by itself


def test_who_signs_out_has_deleted_it(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    with_document(page, "gulls.txt")
    page.get_by_role("button", name="Delete gulls.txt").click()
    with page.expect_response(lambda response: is_deletion(response.request)) as deleted:
        page.get_by_role("button", name="Sign out").click()
    assert deleted.value.status == 204
    expect(page.get_by_label("E-mail address")).to_be_visible()
    expect(page.get_by_text("gulls.txt")).to_have_count(0)


def test_a_new_file_of_the_name_of_what_was_just_deleted_stays(
    page: Page, register: Callable[[Page], str]
) -> None:
    register(page)
    with_document(page, "terns.txt", "The old terns.")
    page.get_by_role("button", name="Delete terns.txt").click()
    expect(row(page, "terns.txt")).to_have_count(0)
    with_document(page, "terns.txt", "The new terns.")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.get_by_role("button", name="terns.txt", exact=True).click()
    expect(page.get_by_role("complementary", name="Source")).to_contain_text("The new terns.")


def test_what_cannot_be_deleted_is_back_and_says_why(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 503")
    register(page)
    with_document(page, "doves.txt")
    problem = {"status": 503, "detail": "the storage is unavailable"}
    page.route(
        "**/api/documents/*",
        lambda route: (
            route.fulfill(status=503, json=problem) if is_deletion(route.request) else route.fallback()
        ),
    )
    page.get_by_role("button", name="Delete doves.txt").click()
    expect(page.get_by_role("alert")).to_contain_text("The storage is unavailable.")
    expect(row(page, "doves.txt")).to_be_visible()


def test_several_go_and_come_back_together(
    page: Page, register: Callable[[Page], str], deletions: list[str]
) -> None:
    register(page)
    for name in ("kites.txt", "buzzards.txt"):
        with_document(page, name)
    page.get_by_role("link", name="Documents").click()
    for name in ("kites.txt", "buzzards.txt"):
        page.get_by_label(f"Select {name}").check()
    page.locator(".selection").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted 2 documents.").last).to_be_visible()
    expect(row(page, "kites.txt")).to_have_count(0)
    expect(page.get_by_role("button", name="All 3")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="All 5")).to_be_visible()
    expect(row(page, "kites.txt")).to_be_visible()
    expect(row(page, "buzzards.txt")).to_be_visible()
    assert deletions == []


def test_on_a_phone_in_the_dark_all_of_it_fits_and_needs_no_pointer(
    new_page: Callable[..., Page], register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    register(page)
    press_until(page, "Shift+Tab", "link", "Documents")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_focused()
    with_document(page, "a rather long name for a letter about swallows.txt")
    press_until(page, "Tab", "checkbox", "Select a rather long name")
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    press_until(page, "Shift+Tab", "button", "Delete")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    photographed(page, photograph, "dark-360-deleted-with-undo")
