"""Sharing with people, groups and everyone, and tags: each change is seen by the other at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_undo import row, with_document
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture
def other(new_page: Callable[..., Page], register: Callable[[Page], str]) -> tuple[Page, str]:
    """Somebody else, with their address."""
    page = new_page()
    return page, register(page)


def dialog(page: Page, button: str) -> Locator:
    page.get_by_role("button", name=button).click()
    opened = page.get_by_role("dialog")
    expect(opened).to_be_visible()
    return opened


def reloaded(page: Page) -> Page:
    page.reload()
    expect(page.locator(".row").first).to_be_visible()
    return page


def test_a_person_reads_what_is_shared_with_them_until_it_is_taken_back(
    page: Page,
    register: Callable[[Page], str],
    other: tuple[Page, str],
    photograph: Callable[[Page, str], None],
) -> None:
    register(page)
    with_document(page, "minutes.txt")
    theirs, email = other
    sharing = dialog(page, "Share minutes.txt")
    box = sharing.get_by_label("E-mail address or group")
    expect(box).to_be_focused()
    box.fill(f" {email.upper()} ")
    page.keyboard.press("Enter")
    expect(sharing.get_by_role("listitem")).to_contain_text(email)
    expect(sharing.get_by_role("status")).to_contain_text("Shared with")
    photograph(page, "sharing")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Share minutes.txt")).to_be_focused()
    expect(row(page, "minutes.txt")).to_contain_text("shared")

    expect(row(reloaded(theirs), "minutes.txt")).to_contain_text("shared with you")
    expect(theirs.get_by_role("button", name="Delete minutes.txt")).to_have_count(0)
    expect(theirs.get_by_role("button", name="Share minutes.txt")).to_have_count(0)

    dialog(page, "Share minutes.txt").get_by_role("button", name=f"Remove {email}").click()
    expect(sharing).to_contain_text("No single person or group yet.")
    sharing.get_by_role("button", name="Done").click()
    expect(row(reloaded(theirs), "minutes.txt")).to_have_count(0)


def test_a_group_reads_what_is_shared_with_it(
    page: Page, register: Callable[[Page], str], other: tuple[Page, str], host: RealHost
) -> None:
    theirs, email = other
    group = host.client.post("/api/groups", json={"name": "Ornithology"}).raise_for_status().json()
    users = host.client.get("/api/users").raise_for_status().json()["users"]
    user_id = next(user["id"] for user in users if user["email"] == email)
    host.client.put(f"/api/groups/{group['id']}/members/{user_id}").raise_for_status()
    register(page)
    with_document(page, "field notes.txt")
    sharing = dialog(page, "Share field notes.txt")
    assert "Ornithology" in sharing.locator("option").evaluate_all("nodes => nodes.map((n) => n.value)")
    sharing.get_by_label("E-mail address or group").fill("ornithology")
    sharing.get_by_role("button", name="Add").click()
    expect(sharing.get_by_role("listitem")).to_contain_text("Ornithology")
    expect(sharing.get_by_role("listitem")).to_contain_text("Group")
    expect(row(reloaded(theirs), "field notes.txt")).to_contain_text("shared with you")


def test_everyone_of_the_organisation_reads_it_while_the_box_is_ticked(
    page: Page, register: Callable[[Page], str], other: tuple[Page, str]
) -> None:
    register(page)
    with_document(page, "notice.txt")
    theirs, _ = other
    sharing = dialog(page, "Share notice.txt")
    everyone = sharing.get_by_label("Everyone in your organisation")
    everyone.check()
    expect(sharing.get_by_role("status")).to_contain_text("Shared with Everyone")
    expect(row(reloaded(theirs), "notice.txt")).to_be_visible()
    everyone.uncheck()
    expect(sharing.get_by_role("status")).to_contain_text("No longer shared")
    expect(row(reloaded(theirs), "notice.txt")).to_have_count(0)


def test_whom_nobody_knows_is_said_in_words_and_nothing_is_shared(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 400")
    register(page)
    with_document(page, "secret.txt")
    sharing = dialog(page, "Share secret.txt")
    box = sharing.get_by_label("E-mail address or group")
    box.fill("nobody@example.org")
    page.keyboard.press("Enter")
    expect(sharing.get_by_role("alert")).to_contain_text("Nobody here is known as “nobody@example.org”.")
    box.fill("Astronauts")
    page.keyboard.press("Enter")
    expect(sharing.get_by_role("alert")).to_contain_text("No group is called “Astronauts”.")
    expect(sharing).to_contain_text("No single person or group yet.")
    page.keyboard.press("Escape")
    expect(row(page, "secret.txt")).not_to_contain_text("shared")


def test_several_documents_are_shared_together(
    page: Page,
    register: Callable[[Page], str],
    other: tuple[Page, str],
    photograph: Callable[[Page, str], None],
) -> None:
    register(page)
    theirs, email = other
    for name in ("north.txt", "south.txt"):
        with_document(page, name)
    page.get_by_role("link", name="Documents").click()
    for name in ("north.txt", "south.txt"):
        page.get_by_label(f"Select {name}").check()
    page.locator(".selection").get_by_role("button", name="Share").click()
    sharing = page.get_by_role("dialog", name="Share 2 documents")
    sharing.get_by_label("E-mail address or group").fill(email)
    page.keyboard.press("Enter")
    expect(sharing.get_by_role("listitem")).to_contain_text(email)
    sharing.get_by_role("button", name="Done").click()
    expect(row(page, "south.txt")).to_contain_text(f"Shared with {email}")
    photograph(page, "documents-shared")
    for name in ("north.txt", "south.txt"):
        expect(row(reloaded(theirs), name)).to_be_visible()


def test_a_tag_files_a_document_and_narrows_the_list_to_it(
    page: Page, register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    register(page)
    for name in ("invoice.txt", "letter.txt"):
        with_document(page, name)
    page.get_by_role("link", name="Documents").click()
    tags = dialog(page, "Tags of invoice.txt")
    tags.get_by_label("Tag, or several with commas between").fill("Finance, 2026")
    page.keyboard.press("Enter")
    expect(tags.get_by_role("listitem")).to_have_count(2)
    tags.get_by_role("button", name="Remove 2026").click()
    expect(tags.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Escape")
    row(page, "invoice.txt").get_by_role("button", name="finance", exact=True).click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_text("Only what is filed under finance.")).to_be_visible()
    photograph(page, "documents-tag")
    page.get_by_role("button", name="Everywhere").click()
    expect(row(page, "letter.txt")).to_be_visible()
