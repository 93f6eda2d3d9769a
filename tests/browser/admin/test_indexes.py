"""Index versions on the page: built, compared, promoted, rolled back, removed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.admin.steps import check, confirm, open_section
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]


def begin_to_build(admin: Page) -> None:
    """What is refused can be corrected where it was said."""
    admin.get_by_role("button", name="Build a new version").click()
    admin.get_by_label("Longest chunk").fill("300")
    admin.get_by_label("Overlap").fill("300")
    admin.get_by_role("button", name="Begin to build").click()
    expect(admin.get_by_role("alert").filter(has_text="chunk_overlap must be less")).to_be_visible()
    admin.get_by_label("Overlap").fill("30")
    admin.get_by_role("button", name="Begin to build").click()


def test_an_index_is_built_compared_promoted_rolled_back_and_removed(
    admin: Page,
    host: RealHost,
    photograph: Callable[[Page, str], None],
    expected_failures: list[str],
) -> None:
    expected_failures.append("status of 400")
    host.client.post("/api/query", json={"question": "Do you rent balances?"}).raise_for_status()
    open_section(admin, "Index versions")
    cards = admin.get_by_role("list", name="Index versions").locator(".admin-row")
    first, second = cards.last, cards.first
    expect(first).to_contain_text("Live")

    begin_to_build(admin)
    expect(second).to_contain_text("Version 2")
    expect(second.get_by_text("Ready", exact=True)).to_be_visible()
    expect(admin.get_by_role("button", name="Build a new version")).to_be_disabled()

    admin.get_by_role("button", name="Compare Version 2").click()
    expect(second).to_contain_text("May be promoted")
    expect(second.get_by_role("row", name="Cited pages found")).to_contain_text("1.000")
    expect(second).to_be_focused()  # where its button was while it was compared
    photograph(admin, "admin-indexes-compared")
    check(admin, "a comparison")
    confirm(admin, "Promote… Version 2", "Compare and promote")
    expect(second.get_by_text("Live", exact=True)).to_be_visible()

    confirm(admin, "Roll back… to Version 1", "Roll back")
    expect(first.get_by_text("Live", exact=True)).to_be_visible()
    confirm(admin, "Remove… Version 2", "Remove")
    expect(cards).to_have_count(1)
    admin.get_by_text("Removed versions").click()
    expect(admin.locator(".admin-removed li")).to_have_count(1)
    states = {each["state"] for each in host.client.get("/api/indexes").json()["indexes"]}
    assert states == {"live", "removed"}


def test_an_index_that_the_comparison_refuses_is_promoted_by_force_alone(admin: Page) -> None:
    """The gate's words come from the API; that it refuses is its own tests' affair."""
    made = {"embedder": "e5", "dimension": 384, "chunk_chars": 900, "chunk_overlap": 120, "chunks": 5}
    when = {"created_at": "2026-11-22T10:10:10+00:00", "changed_at": "2026-11-22T10:10:10+00:00"}
    quality = {"live": {"recall": 0.9, "answered": 0.8}, "other": {"recall": 0.7, "answered": 0.8}}
    gate = {"compared_with": "documents-v1-x", "judged_at": when["created_at"], "documents": 2, "missing": 0}
    gate |= {"questions": 20, "refusal": "recall@10 falls from 0.900 to 0.700", **quality}
    live = (
        made | when | {"name": "documents-v1-x", "state": "live", "documents": 2, "missing": 0, "gate": None}
    )
    other = live | {"name": "documents-v2-y", "state": "building", "gate": gate}
    admin.route("**/api/indexes", lambda route: route.fulfill(json={"indexes": [live, other]}))
    forced: list[str] = []
    admin.route("**/promote*", lambda route: (forced.append(route.request.url), route.fulfill(json=other)))  # type: ignore[func-returns-value]
    open_section(admin, "Index versions")
    expect(admin.get_by_text("Must not be promoted: recall@10 falls")).to_be_visible()
    expect(admin.get_by_role("row", name="Cited pages found")).to_contain_text("−0.200")
    admin.get_by_role("button", name="Promote anyway… Version 2").click()
    expect(admin.get_by_role("dialog")).to_contain_text("recall@10 falls from 0.900 to 0.700")
    admin.get_by_role("button", name="Cancel").click()
    assert forced == []
    with admin.expect_response("**/promote*"):
        confirm(admin, "Promote anyway… Version 2", "Promote anyway")
    assert [url.rpartition("/")[2] for url in forced] == ["promote?force=true"]


def test_a_build_shows_how_far_it_is_and_when_it_is_done(admin: Page) -> None:
    index = {
        "name": "documents-v2-y",
        "state": "building",
        "embedder": "e5",
        "dimension": 384,
        "chunk_chars": 900,
    }
    index |= {"chunk_overlap": 120, "chunks": 5, "gate": None, "created_at": "2026-11-22T10:10:10+00:00"}
    index |= {"changed_at": "2026-11-22T10:10:10+00:00", "documents": 10, "missing": 300}
    looks = iter([{"documents": 10, "missing": 300}, {"documents": 60, "missing": 250}])

    def look(route: object) -> None:
        route.fulfill(json={"indexes": [index | next(looks, {"documents": 60, "missing": 250})]})  # type: ignore[attr-defined]

    admin.route("**/api/indexes", look)
    open_section(admin, "Index versions")
    expect(admin.get_by_text("The expected end is known in a moment.")).to_be_visible()
    bar = admin.get_by_role("progressbar", name="Version 2: documents filled")
    expect(bar).to_have_attribute("value", "60")
    expect(admin.get_by_text("Building: 60 of 310 documents. About")).to_contain_text("left; filled at about")
