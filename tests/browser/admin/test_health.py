"""What an administrator is told about the services behind the page, and the documents that fail."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.admin.steps import check, open_section
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]


def test_health_tells_what_works_and_what_is_read(admin: Page) -> None:
    needed = admin.get_by_role("list", name="What is needed")
    expect(needed.get_by_role("listitem")).to_have_count(4)
    expect(needed.get_by_text("Works")).to_have_count(4)
    expect(admin.locator(".tile", has_text="Ready")).to_contain_text("2")
    expect(admin.get_by_text("Queue of uploads: empty.")).to_be_visible()


def test_what_fails_is_named_and_a_lost_server_can_be_tried_again(
    admin: Page, expected_failures: list[str]
) -> None:
    expected_failures += ["status of 503", "ERR_FAILED"]
    failing = {"metadata": "ok", "search_index": "the index cannot be reached"}
    body = {"status": "unavailable", "checks": failing}
    admin.route("**/api/health/ready", lambda route: route.fulfill(status=503, json=body))
    expect(admin.get_by_text("Questions cannot be answered until")).to_be_visible()
    expect(admin.locator(".admin-row", has_text="The search index")).to_contain_text("cannot be reached")
    check(admin, "what fails")

    admin.route("**/api/organisations", lambda route: route.abort())
    open_section(admin, "Organisations")
    expect(admin.get_by_role("alert")).to_contain_text("The server cannot be reached")
    admin.unroute("**/api/organisations")
    admin.get_by_role("button", name="Try again").click()
    expect(admin.get_by_text("organisations/default/")).to_be_visible()
    expect(admin.get_by_role("alert")).to_have_count(0)


def test_parked_documents_are_tried_again(admin: Page, host: RealHost) -> None:
    host.put("shared/broken.pdf", b"%PDF-1.7 and nothing else")
    host.wait_for_status("shared/broken.pdf", "failed")
    admin.get_by_role("button", name="Try what was rejected too").click()
    expect(admin.get_by_role("status").first).to_contain_text("1 document will be read again")
    host.client.delete(f"/api/documents/{host.document('shared/broken.pdf')['id']}")  # type: ignore[index]
