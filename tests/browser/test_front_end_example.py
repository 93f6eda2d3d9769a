"""The front end of examples/front-end in a real browser: of another origin than the API."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD
from tests.real_host import RealHost

EXAMPLE = Path(__file__).parents[2] / "examples/front-end"
NOTE = b"# Lift\n\nThe lift of the east wing is serviced every 41 days.\n"
EMAIL = "root@example.com"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(EXAMPLE))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def api(site: str, tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """It lets the example call it, and nobody else."""
    folder = tmp_path_factory.mktemp("example") / "data"
    with RealHost(folder, models=weights, environment={"RAG_CORS_ORIGINS": site}) as host:
        host.sign_in(EMAIL, PASSWORD)
        host.put("shared/lift.md", NOTE)
        host.wait_for_status("shared/lift.md", "indexed")
        yield host


@pytest.fixture
def page(browser: Browser, site: str, api: RealHost) -> Iterator[Page]:
    page = browser.new_page()
    expect.set_options(timeout=15_000)
    page.goto(f"{site}/index.html?api=http://127.0.0.1:{api.port}")
    yield page
    page.close()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Ask").click()


def test_it_signs_in_asks_and_names_the_source(page: Page) -> None:
    sign_in(page)
    ask(page, "How often is the lift serviced?")
    expect(page.locator("#answer")).to_contain_text("41 days")
    expect(page.get_by_role("list", name="Sources")).to_contain_text("lift.md")


def test_a_reload_keeps_it_signed_in(page: Page) -> None:
    sign_in(page)
    expect(page.get_by_role("button", name="Ask")).to_be_visible()
    page.reload()
    ask(page, "How often is the lift serviced?")
    expect(page.locator("#answer")).to_contain_text("41 days")


def test_an_access_token_that_is_refused_is_renewed(page: Page) -> None:
    sign_in(page)
    expect(page.get_by_role("button", name="Ask")).to_be_visible()
    refused: list[str] = []

    def spoil_first(route) -> None:  # type: ignore[no-untyped-def]
        spoilt = {} if refused else {"authorization": "Bearer none"}
        refused.append(route.request.url)
        route.continue_(headers=route.request.headers | spoilt)

    page.route("**/api/query", spoil_first)
    ask(page, "How often is the lift serviced?")
    expect(page.locator("#answer")).to_contain_text("41 days")
    assert len(refused) == 2


def test_a_wrong_password_is_said_in_words(page: Page) -> None:
    sign_in(page, "not the password")
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_role("button", name="Ask")).to_be_hidden()
