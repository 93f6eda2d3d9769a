"""Accounts, groups and organisations on the page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.admin.steps import ROOT, account, confirm, open_section, sign_in
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]


def test_an_account_is_made_found_changed_and_disabled(
    admin: Page, new_page: Callable[..., Page], expected_failures: list[str]
) -> None:
    open_section(admin, "People")
    admin.get_by_role("button", name="Make an account").click()
    admin.get_by_role("dialog").get_by_label("E-mail address").fill("cleo@example.com")
    admin.get_by_role("button", name="Make the account").click()
    password = admin.locator(".admin-secret").inner_text()
    assert len(password) == 20
    admin.get_by_role("button", name="Done").click()
    theirs = new_page()
    sign_in(theirs, "cleo@example.com", password)

    admin.get_by_label("Find").fill("CLEO")
    expect(admin.get_by_text("1–1 of 1 account")).to_be_visible()
    admin.get_by_role("button", name="Change… cleo@example.com").click()
    admin.get_by_role("button", name="Set a new password…").click()
    admin.get_by_role("button", name="Set a new password", exact=True).click()
    newer = admin.locator(".admin-secret").inner_text()
    assert newer != password
    admin.get_by_role("button", name="Done").click()
    expected_failures.append("status of 401")
    theirs.reload()
    expect(theirs.get_by_role("alert")).to_contain_text("session has ended")
    sign_in(theirs, "cleo@example.com", newer)

    admin.get_by_role("button", name="Change… cleo@example.com").click()
    admin.get_by_role("button", name="What they may do…").click()
    admin.get_by_label("Disabled").check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator(".admin-row", has_text="cleo@example.com")).to_contain_text("Disabled")
    theirs.reload()
    expect(theirs.get_by_role("alert")).to_contain_text("session has ended")


def test_what_the_server_refuses_is_said_and_the_form_stays(
    admin: Page, host: RealHost, expected_failures: list[str]
) -> None:
    expected_failures.append("status of 4")
    account(host, "dan@example.com")
    open_section(admin, "People")
    admin.get_by_role("button", name="Make an account").click()
    admin.get_by_role("dialog").get_by_label("E-mail address").fill("dan@example.com")
    admin.get_by_role("button", name="Make the account").click()
    expect(admin.get_by_role("dialog").get_by_role("alert")).to_contain_text("has an account")
    admin.keyboard.press("Escape")
    expect(admin.get_by_role("dialog")).to_have_count(0)
    expect(admin.get_by_role("button", name="Make an account")).to_be_focused()


def test_long_lists_come_in_pages(admin: Page) -> None:
    user = {"organisation_id": "default", "is_administrator": False, "manages_organisation": False}
    user |= {"is_disabled": False, "created_at": "2026-11-22T15:50:36+00:00"}
    users = [user | {"id": f"u{n:03}", "email": f"u{n:03}@example.com"} for n in range(120)]
    admin.route("**/api/users", lambda route: route.fulfill(json={"users": users}))
    open_section(admin, "People")
    expect(admin.get_by_text("1–50 of 120 accounts")).to_be_visible()
    admin.get_by_role("button", name="Later").click()
    admin.get_by_role("button", name="Later").click()
    expect(admin.get_by_text("101–120 of 120 accounts")).to_be_visible()
    expect(admin.get_by_role("button", name="Later")).to_be_disabled()
    admin.get_by_label("Find").fill("u01")
    expect(admin.get_by_text("1–10 of 10 accounts")).to_be_visible()


def test_people_join_a_group_and_leave_it(admin: Page, host: RealHost) -> None:
    account(host, "eva@example.com")
    open_section(admin, "Groups")
    expect(admin.get_by_text("No groups yet.")).to_be_visible()
    admin.get_by_role("button", name="Make a group").click()
    admin.get_by_role("dialog").get_by_label("Name").fill("HR")
    admin.keyboard.press("Enter")
    admin.get_by_role("button", name="Members… of HR").click()
    who = admin.get_by_role("dialog").get_by_label("Who joins")
    who.fill("nobody@example.com")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("alert").filter(has_text="No account of this organisation")).to_be_visible()
    who.fill("eva@example.com")
    admin.keyboard.press("Enter")
    expect(admin.get_by_text("eva@example.com is in. 1 member")).to_be_visible()
    admin.get_by_role("button", name="Take eva@example.com out").click()
    expect(admin.get_by_text("eva@example.com is out. Nobody is in it yet.")).to_be_visible()
    admin.get_by_role("button", name="Close").click()
    admin.get_by_role("button", name="Rename… HR").click()
    admin.get_by_role("dialog").get_by_label("Name").fill("People team")
    admin.get_by_role("dialog").get_by_role("button", name="Rename").click()
    confirm(admin, "Remove… People team", "Remove")
    expect(admin.get_by_text("No groups yet.")).to_be_visible()


def test_organisations_are_made_and_a_manager_sees_their_people_alone(
    admin: Page, host: RealHost, new_page: Callable[..., Page]
) -> None:
    open_section(admin, "Organisations")
    admin.get_by_role("button", name="Make an organisation").click()
    admin.get_by_role("dialog").get_by_label("Name").fill("Acme")
    admin.get_by_role("button", name="Make the organisation").click()
    expect(admin.locator(".admin-row", has_text="Acme")).to_be_visible()

    open_section(admin, "People")
    admin.get_by_role("button", name="Make an account").click()
    admin.get_by_role("dialog").get_by_label("E-mail address").fill("fay@acme.example")
    admin.get_by_role("dialog").get_by_label("Organisation").select_option("Acme")
    admin.get_by_role("button", name="Make the account").click()
    password = admin.locator(".admin-secret").inner_text()
    admin.get_by_role("button", name="Done").click()
    admin.get_by_role("button", name="Change… fay@acme.example").click()
    admin.get_by_role("button", name="What they may do…").click()
    admin.get_by_label("Manages the organisation").check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator(".admin-row", has_text="fay@acme.example")).to_contain_text("Acme")

    hers = new_page()
    sign_in(hers, "fay@acme.example", password)
    hers.get_by_role("link", name="Administration").click()
    links = hers.get_by_role("navigation", name="Administration").get_by_role("link")
    expect(links).to_have_text(["People", "Groups"])
    expect(hers.get_by_text("1–1 of 1 account")).to_be_visible()
    expect(hers.get_by_text(ROOT)).to_have_count(0)
