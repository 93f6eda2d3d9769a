"""Signing in on the chat page with Entra ID: the code flow with PKCE against a tenant on loopback."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.real_host import RealHost
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.entra_sign_in import PAGE_ID

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

EMAIL = "zoe@example.org"
MICROSOFT = "Sign in with Microsoft"
TOKEN = "**/oauth2/v2.0/token"


@pytest.fixture(scope="module")
def entra() -> Iterator[EntraServer]:
    with EntraServer() as server:
        yield server


@pytest.fixture(scope="module")
def tenants_host(
    tmp_path_factory: pytest.TempPathFactory, weights: Path, entra: EntraServer
) -> Iterator[RealHost]:
    """Where nobody but the tenant makes accounts."""
    given = {**entra.environment, "ENTRA_CLIENT_ID": PAGE_ID, "RAG_REGISTRATION": "closed"}
    data = tmp_path_factory.mktemp("entra") / "data"
    with RealHost(data, models=weights, environment=given) as running:
        entra.sign_ins.addresses.add(f"http://127.0.0.1:{running.port}/chat")
        yield running


@pytest.fixture
def entra_page(
    browser: Browser, tenants_host: RealHost, entra: EntraServer, expected_failures: list[str]
) -> Iterator[Page]:
    entra.sign_ins.claims = {"preferred_username": EMAIL, "roles": ["administrator"]}
    said: list[str] = []
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{tenants_host.port}",
        ignore_https_errors=True,
        viewport={"width": 1280, "height": 800},
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda each: said.append(each.text) if each.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/chat")
    yield page
    context.close()
    assert [text for text in said if not any(re.search(each, text) for each in expected_failures)] == []


def sign_in(page: Page, answer: str = "Accept") -> None:
    page.get_by_role("button", name=MICROSOFT).click()
    page.get_by_role("link", name=answer).click()


def kept(page: Page) -> int:
    return int(page.evaluate("sessionStorage.length + localStorage.length"))


def test_the_tenant_signs_in_and_our_api_takes_its_token(
    entra_page: Page, photograph: Callable[[Page, str], None]
) -> None:
    expect(entra_page.get_by_role("button", name=MICROSOFT)).to_be_visible()
    expect(entra_page.get_by_role("button", name="Create an account")).to_be_hidden()
    photograph(entra_page, "entra-sign-in")
    with entra_page.expect_request(TOKEN) as redeemed:
        sign_in(entra_page)
    expect(entra_page.get_by_text(EMAIL)).to_be_visible()
    expect(entra_page.get_by_role("link", name="Administration")).to_be_visible()  # by the role in the token
    expect(
        entra_page.get_by_text("No documents yet").or_(entra_page.get_by_text("first document")).first
    ).to_be_visible()
    assert "code_verifier=" in str(redeemed.value.post_data)
    assert redeemed.value.headers.get("authorization") is None
    assert entra_page.url.endswith("/chat")  # nothing of the code is left to see or to bookmark
    assert "rag.entra.begun" not in entra_page.evaluate("Object.keys(sessionStorage)")


def test_the_way_back_leads_to_the_view_one_came_for(entra_page: Page) -> None:
    entra_page.goto("/chat#admin")
    entra_page.reload()
    sign_in(entra_page)
    expect(entra_page.get_by_text(EMAIL)).to_be_visible()
    assert entra_page.url.endswith("/chat#admin")
    expect(entra_page.get_by_role("main", name="Administration")).to_be_visible()


def test_a_session_is_renewed_with_the_token_that_came_last(entra_page: Page, entra: EntraServer) -> None:
    sign_in(entra_page)
    expect(entra_page.get_by_text(EMAIL)).to_be_visible()
    seen = {entra_page.evaluate("sessionStorage.getItem('rag.refresh_token')")}
    for _ in range(2):  # the tenant takes each refresh token once
        entra_page.reload()
        expect(entra_page.get_by_text(EMAIL)).to_be_visible()
        seen.add(entra_page.evaluate("sessionStorage.getItem('rag.refresh_token')"))
    assert len(seen) == 3
    assert seen & entra.sign_ins.refresh_tokens


def test_a_session_that_the_tenant_has_ended_asks_to_sign_in_again(
    entra_page: Page, entra: EntraServer, expected_failures: list[str]
) -> None:
    expected_failures.append("status of 400")
    sign_in(entra_page)
    expect(entra_page.get_by_text(EMAIL)).to_be_visible()
    entra.sign_ins.refresh_tokens.clear()
    entra_page.reload()
    expect(entra_page.get_by_role("alert")).to_contain_text("session has ended")
    assert kept(entra_page) == 0
    expect(entra_page.get_by_role("button", name=MICROSOFT)).to_be_visible()


def test_signing_out_leaves_nothing_here_and_passes_by_the_tenant(
    entra_page: Page, entra: EntraServer
) -> None:
    sign_in(entra_page)
    expect(entra_page.get_by_text(EMAIL)).to_be_visible()
    before = entra.requests["logout"]
    with entra_page.expect_navigation(url="**/chat"):
        entra_page.get_by_role("button", name="Sign out").click()
    expect(entra_page.get_by_role("button", name=MICROSOFT)).to_be_visible()
    assert entra.requests["logout"] == before + 1
    assert kept(entra_page) == 0


def test_a_wrong_verifier_is_refused_and_said_in_words(
    entra_page: Page, expected_failures: list[str]
) -> None:
    expected_failures.append("status of 400")

    def swap(route: Route) -> None:
        form = re.sub(r"code_verifier=[^&]+", f"code_verifier={'x' * 43}", str(route.request.post_data))
        route.continue_(post_data=form)

    entra_page.route(TOKEN, swap)
    sign_in(entra_page)
    alert = entra_page.get_by_role("alert")
    expect(alert).to_have_text(
        "Microsoft refused the sign-in: The Code_Verifier does not match the code_challenge."
    )
    assert kept(entra_page) == 0
    expect(entra_page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_who_says_no_over_there_reads_so_here(entra_page: Page) -> None:
    sign_in(entra_page, "Cancel")
    alert = entra_page.get_by_role("alert")
    expect(alert).to_have_text("Microsoft refused the sign-in: User declined to consent to access the app.")
    assert kept(entra_page) == 0
    assert entra_page.url.endswith("/chat")


def test_a_code_that_somebody_else_began_with_is_not_redeemed(entra_page: Page, entra: EntraServer) -> None:
    before = entra.requests["token"]
    entra_page.goto("about:blank")
    entra_page.goto("/chat#code=stolen&state=made-up")
    expect(entra_page.get_by_role("alert")).to_contain_text("not begun in this tab")
    assert entra.requests["token"] == before
    assert entra_page.url.endswith("/chat")


def test_an_id_token_of_another_sign_in_is_refused(entra_page: Page, entra: EntraServer) -> None:
    def replay(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        stale = entra.token(oid="1" * 8, aud=PAGE_ID, nonce="of an earlier one")
        route.fulfill(response=answer, json={**body, "id_token": stale})

    entra_page.route(TOKEN, replay)
    sign_in(entra_page)
    expect(entra_page.get_by_role("alert")).to_contain_text("answered another sign-in")
    assert kept(entra_page) == 0


def test_a_token_that_is_meant_for_another_api_signs_nobody_in(
    entra_page: Page, entra: EntraServer, expected_failures: list[str]
) -> None:
    expected_failures.append("status of 401")
    entra.sign_ins.claims["aud"] = "api://another"
    sign_in(entra_page)
    expect(entra_page.get_by_role("alert")).to_contain_text("does not take its word")
    assert kept(entra_page) == 0


def test_a_tenant_that_cannot_be_reached_is_said_in_words(
    entra_page: Page, expected_failures: list[str]
) -> None:
    expected_failures.append("ERR_FAILED")
    entra_page.route(TOKEN, lambda route: route.abort())
    sign_in(entra_page)
    expect(entra_page.get_by_role("alert")).to_contain_text("cannot be reached")
