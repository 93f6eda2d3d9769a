"""Who gets the administrator's view, how one moves in it, and that everyone can use it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.admin.steps import ROOT, account, check, open_section, sign_in
from tests.browser.test_access import SCREENS, press_until
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]

SECTIONS = ["Health", "Index versions", "Usage and cost", "People", "Groups", "Organisations"]


def test_nothing_of_it_is_loaded_before_it_is_opened(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, ROOT)
    expect(page.locator(".row").first).to_be_visible()
    assert not [url for url in asked if "/admin/" in url]
    page.get_by_role("link", name="Administration").click()
    expect(page.get_by_text("Everything works")).to_be_visible()
    assert [url for url in asked if url.endswith("/admin/view.js")]


def test_who_administers_nothing_gets_neither_the_link_nor_the_data(page: Page, host: RealHost) -> None:
    account(host, "gus@example.com")
    sign_in(page, "gus@example.com")
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto("/chat#admin/people")
    page.reload()
    expect(page.get_by_label("Your question")).to_be_visible()
    expect(page.get_by_role("heading", name="People")).to_have_count(0)


def test_the_address_leads_back_to_the_section_after_a_reload(admin: Page) -> None:
    open_section(admin, "Groups")
    admin.reload()
    expect(admin.get_by_role("heading", name="Groups", level=2)).to_be_visible()
    admin.get_by_role("button", name="Make a group").click()
    admin.go_back()
    expect(admin.get_by_role("dialog")).to_have_count(0)
    expect(admin.get_by_role("heading", name="Health", level=2)).to_be_visible()


def test_rights_taken_meanwhile_are_said_in_words(admin: Page, expected_failures: list[str]) -> None:
    expected_failures.append("status of 403")
    problem = {"status": 403, "title": "Forbidden", "detail": "this is for administrators"}
    admin.route("**/api/users", lambda route: route.fulfill(status=403, json=problem))
    open_section(admin, "People")
    expect(admin.get_by_role("alert")).to_contain_text("This is for administrators.")


def test_every_section_is_reached_by_keyboard(admin: Page) -> None:
    press_until(admin, "Tab", "link", "People")
    admin.keyboard.press("Enter")
    press_until(admin, "Tab", "button", f"Change… {ROOT}")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("dialog")).to_contain_text("nobody takes their own rights")
    admin.keyboard.press("Escape")
    expect(admin.get_by_role("button", name=f"Change… {ROOT}")).to_be_focused()


@pytest.mark.parametrize(("scheme", "width", "height"), SCREENS)
def test_every_section_fits_and_its_controls_have_names(
    new_page: Callable[..., Page],
    photograph: Callable[[Page, str], None],
    scheme: str,
    width: int,
    height: int,
) -> None:
    page = new_page(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, ROOT)
    page.get_by_role("link", name="Administration").click()
    for section in SECTIONS:
        open_section(page, section)
        expect(page.get_by_text("Loading…")).to_have_count(0)
        photograph(page, f"admin-{scheme}-{width}-{section.split()[0].lower()}")
        check(page, section)
    page.get_by_role("button", name="Make an organisation").click()
    photograph(page, f"admin-{scheme}-{width}-dialog")
    check(page, "a dialog")
