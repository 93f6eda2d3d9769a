"""A real browser on a real host. The host lives for the whole run: every test has an account of its own."""

import re
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]

PASSWORD = planted("password")
ARTEFACTS = Path(__file__).with_name("artefacts")
_SAMPLES = Path(__file__).parents[2] / "samples"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """With a few of the samples for everyone, and an administrator who is not the tests' user."""
    with RealHost(tmp_path_factory.mktemp("browser") / "data", models=weights) as running:
        running.sign_in()
        for name in ("incident-ir-2026-03.md", "faq.html", "ls-300-user-manual.pdf"):
            running.put(f"shared/{name}", (_SAMPLES / name).read_bytes())
            running.wait_for_status(f"shared/{name}", "indexed")
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if executable is None:
        pytest.skip("no browser: install Debian's chromium, or Chrome")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def expected_failures() -> list[str]:
    """Patterns of console errors that a test provokes; any other fails it."""
    return []


@pytest.fixture
def new_page(browser: Browser, host: RealHost, expected_failures: list[str]) -> Iterator[Callable[..., Page]]:
    """Open the chat page. In the end: nothing threw, and nothing was said on the console or by the CSP."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def open_page(**options: object) -> Page:
        context = browser.new_context(base_url=f"http://127.0.0.1:{host.port}", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", on_console)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/chat")
        return page

    expect.set_options(timeout=15_000)
    yield open_page
    for context in contexts:
        context.close()
    unexpected = [text for text in said if not any(re.search(each, text) for each in expected_failures)]
    assert unexpected == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """Wide and light, nobody signed in."""
    return new_page(viewport={"width": 1440, "height": 900})


@pytest.fixture(scope="session")
def addresses() -> Iterator[str]:
    return (f"user{number}@example.com" for number in count(1))


@pytest.fixture
def register(addresses: Iterator[str]) -> Callable[[Page], str]:
    """Make an account on the page; its address."""

    def on(page: Page) -> str:
        email = next(addresses)
        page.get_by_role("button", name="Create an account").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        return email

    return on


@pytest.fixture
def photograph(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture for people to look at."""

    def take(page: Page, name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    ARTEFACTS.mkdir(exist_ok=True)
    return take
