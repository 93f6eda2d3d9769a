"""Signing in, staying signed in and signing out on the chat page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.planted import planted
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

PASSWORD = planted("password")


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_wrong_password_is_said_in_words(page: Page, expected_failures: list[str]) -> None:
    expected_failures.append("status of 401")
    sign_in(page, "ada@example.com", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("password")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_a_short_password_is_refused_in_words(page: Page, expected_failures: list[str]) -> None:
    expected_failures.append("status of 4(00|22)")
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("E-mail address").fill("short@example.com")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("alert")).to_contain_text("8")


def test_the_first_account_is_told_that_it_administers(
    browser: Browser, tmp_path: Path, weights: Path, register: Callable[[Page], str]
) -> None:
    with RealHost(tmp_path / "data", models=weights) as empty:
        page = browser.new_page(base_url=f"http://127.0.0.1:{empty.port}")
        page.goto("/chat")
        register(page)
        expect(page.get_by_text("This is the first account, so it administers the library")).to_be_visible()
        expect(page.get_by_role("button", name="Add your first document")).to_be_visible()
        page.close()


def test_a_reload_stays_signed_in_and_signing_out_leaves_nothing(
    page: Page, register: Callable[[Page], str]
) -> None:
    email = register(page)
    expect(page.locator(".row").first).to_be_visible()
    page.reload()
    expect(page.get_by_text(email)).to_be_visible()
    expect(page.locator(".row").first).to_be_visible()

    with page.expect_response("**/api/auth/revoke") as revoked:
        page.get_by_role("button", name="Sign out").click()
    assert revoked.value.ok
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_expired_token_is_renewed_once_for_all_requests_without_a_word(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 401")
    register(page)
    expect(page.locator(".row").first).to_be_visible()
    renewals: list[str] = []
    page.on("request", lambda request: renewals.append(request.url) if "auth/token" in request.url else None)
    refused: set[str] = set()

    def refuse_once(route: Route) -> None:
        path = route.request.url
        if path in refused:
            route.continue_()
        else:
            refused.add(path)
            route.fulfill(status=401, json={"status": 401, "detail": "the token has expired"})

    page.route("**/api/documents?*", refuse_once)
    page.route("**/api/query", refuse_once)
    page.get_by_label("Your question").fill("Do you rent balances?")
    with page.expect_response("**/api/documents?*"):
        page.keyboard.press("Enter")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".answer-text")).to_contain_text("percent")
    assert len(refused) == 2
    assert 1 <= len(renewals) <= 2


def test_an_ended_session_asks_to_sign_in_again(
    page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 401")
    register(page)
    page.evaluate("sessionStorage.setItem('rag.refresh_token', 'made-up')")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("session has ended")
