"""The API's documentation in a real browser: read, signed in to, tried out; all of it from our own host."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(900)]

_PATIENCE = 60_000  # ms: what renders it takes seconds of CPU for so many operations


@pytest.fixture
def docs(page: Page, register: Callable[[Page], str]) -> tuple[Page, str, list[str]]:
    """The documentation, an account that can sign in there, and what the page asks of other hosts."""
    email = register(page)
    own = page.url.split("/chat")[0]
    elsewhere: list[str] = []

    def look(request: Any) -> None:
        if not request.url.startswith((own, "data:")):
            elsewhere.append(request.url)

    page.context.on("request", look)
    page.set_default_timeout(_PATIENCE)
    expect.set_options(timeout=_PATIENCE)
    page.goto("/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    return page, email, elsewhere


def authorize(page: Page, scheme: str, values: dict[str, str]) -> None:
    page.get_by_role("button", name="Authorize").first.click()
    given = page.locator(".auth-container", has_text=scheme)
    for name, value in values.items():
        given.locator(f"input[{name}]").first.fill(value)
    given.locator("button.authorize").click()
    expect(given.get_by_text("Authorized", exact=True)).to_be_visible()
    page.locator(".close-modal").click()


def executed(page: Page, operation: str) -> Locator:
    """The answer to what stands there as an example."""
    block = page.locator(f'.opblock[id$="-{operation}"]')
    block.locator(".opblock-summary-control").click(no_wait_after=True)
    block.get_by_role("button", name="Execute").click(no_wait_after=True)
    return block.locator(".live-responses-table")


def test_who_signs_in_there_asks_and_is_answered(
    docs: tuple[Page, str, list[str]], photograph: Callable[[Page, str], None]
) -> None:
    page, email, elsewhere = docs
    authorize(page, "(OAuth2, password)", {"type=text": email, "type=password": PASSWORD})
    told = executed(page, "me")
    expect(told.locator("tbody .response-col_status").first).to_contain_text("200")
    expect(told).to_contain_text(email)
    answer = executed(page, "query")
    expect(answer.locator("tbody .response-col_status").first).to_contain_text("200")
    expect(answer).to_contain_text("conversation_id")
    photograph(page, "api-docs")
    assert elsewhere == []


def test_a_personal_token_is_taken_too(docs: tuple[Page, str, list[str]], host: RealHost) -> None:
    page, _, elsewhere = docs
    wanted = {"name": page.url + docs[1], "scopes": ["query"], "expires_in_days": 1}
    made = host.client.post("/api/auth/tokens", json=wanted).raise_for_status().json()
    authorize(page, "(http, Bearer)", {"type=text": made["token"]})
    answer = executed(page, "search")
    expect(answer.locator("tbody .response-col_status").first).to_contain_text("200")
    expect(answer).to_contain_text("passages")
    assert elsewhere == []
