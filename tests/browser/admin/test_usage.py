"""Usage and cost on the page: charts that pointer and keyboard read, and tables."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.query.ledger import day_of
from tests.browser.admin.steps import ROOT, check, open_section

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]


def test_usage_is_shown_by_day(admin: Page, photograph: Callable[[Page, str], None]) -> None:
    open_section(admin, "Usage and cost")
    expect(admin.locator(".chart")).to_have_count(3)
    told = admin.evaluate("document.querySelector('.tile dd').textContent")
    assert int(told.replace(",", "")) > 100
    photograph(admin, "admin-usage")

    day = admin.get_by_role("slider", name="Questions per day: a day")
    day.focus()
    admin.keyboard.press("Home")
    expect(day).to_have_attribute("aria-valuenow", "1")
    admin.keyboard.press("ArrowRight")
    expect(day).to_have_attribute("aria-valuetext", f"{read_day(admin, 1)}: 3")
    box = day.bounding_box()
    assert box
    admin.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    expect(admin.locator(".chart-read").first).to_contain_text(read_day(admin, 29))
    admin.get_by_text("As a table").first.click()
    check(admin, "figures")
    expect(admin.get_by_role("table", name="Questions per day").get_by_role("row")).to_have_count(31)


def test_usage_is_shown_by_user_and_model(admin: Page) -> None:
    open_section(admin, "Usage and cost")
    users = admin.get_by_role("region", name="Usage by user")
    expect(users.get_by_role("row").nth(1)).to_contain_text(ROOT)
    users.get_by_role("button", name="Cost").click()
    expect(users.get_by_role("row").nth(1)).to_contain_text("of-a-tenant")
    expect(users.get_by_role("columnheader", name="Cost")).to_have_attribute("aria-sort", "ascending")
    users.get_by_role("button", name="of-a-tenant").click()
    expect(admin.get_by_text("of-a-tenant, 30 days")).to_be_visible()
    expect(admin.get_by_role("rowheader", name="gpt-4o-mini")).to_be_visible()
    expect(admin.get_by_role("rowheader", name="gpt-4o", exact=True)).to_have_count(0)
    admin.get_by_role("button", name="Show everybody").click()
    expect(admin.get_by_text("Everybody, 30 days")).to_be_visible()
    admin.get_by_label("Time").select_option("7")
    expect(admin.get_by_text("Everybody, 7 days")).to_be_visible()


def read_day(page: Page, index: int) -> str:
    """As the charts write the day, 29 days ago being 0."""
    return str(
        page.evaluate(
            "day => new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', timeZone: 'UTC'})"
            ".format(new Date(day))",
            day_of(29 - index),
        )
    )
