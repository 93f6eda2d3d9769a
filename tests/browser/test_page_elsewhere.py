"""The chat page at an address of its own, as a Static Web App has it, with the API at another."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.deploy.page import build_site
from tests.browser.conftest import PASSWORD
from tests.real_host import RealHost, free_port
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.entra_sign_in import PAGE_ID

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

WEB = Path(__file__).parents[2] / "web"
NOTE = b"# Lift\n\nThe lift of the east wing is serviced every 41 days.\n"


class StaticSite(SimpleHTTPRequestHandler):
    """What the platform does with the configuration: its headers on each file, and its rewrites."""

    configuration: ClassVar[dict[str, Any]] = {}

    def translate_path(self, path: str) -> str:
        routes = self.configuration["routes"]
        to = {route["route"]: route["rewrite"] for route in routes if "rewrite" in route}
        return super().translate_path(to.get(path, path))

    def end_headers(self) -> None:
        for name, value in self.configuration["globalHeaders"].items():
            if name != "Strict-Transport-Security":  # no TLS here
                self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page_port() -> int:
    return free_port()


@pytest.fixture
def entra(page_port: int) -> Iterator[EntraServer]:
    with EntraServer() as server:
        server.sign_ins.addresses.add(f"http://127.0.0.1:{page_port}/chat")
        yield server


@pytest.fixture
def api(tmp_path: Path, weights: Path, page_port: int, entra: EntraServer) -> Iterator[RealHost]:
    environment = {"RAG_CORS_ORIGINS": f"http://127.0.0.1:{page_port}", "ENTRA_CLIENT_ID": PAGE_ID}
    environment |= entra.environment
    with RealHost(tmp_path / "data", models=weights, environment=environment) as host:
        yield host


@pytest.fixture
def site(tmp_path: Path, api: RealHost, page_port: int, entra: EntraServer) -> Iterator[str]:
    folder = tmp_path / "site"
    build_site(
        WEB,
        folder,
        api=f"http://127.0.0.1:{api.port}",
        storage="https://ragstore.blob.core.windows.net",
        authority=entra.authority,
    )
    StaticSite.configuration = json.loads((folder / "staticwebapp.config.json").read_text())
    handler = partial(StaticSite, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", page_port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{page_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def there(browser: Browser, site: str) -> Iterator[Page]:
    """The page at its own address. In the end: nothing was said on the console or by the policy."""
    page = browser.new_page(base_url=site, ignore_https_errors=True)
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/chat")
    yield page
    page.close()
    assert said == []


def test_who_uses_it_there_signs_in_uploads_and_is_answered(there: Page, api: RealHost) -> None:
    there.get_by_role("button", name="Create an account").click()
    there.get_by_label("E-mail address").fill("root@example.com")
    there.get_by_label("Password", exact=True).fill(PASSWORD)
    there.get_by_role("button", name="Create the account").click()
    expect(there.get_by_role("button", name="Sign out")).to_be_visible()
    there.locator("input[type=file]").first.set_input_files(
        {"name": "lift.md", "mimeType": "text/markdown", "buffer": NOTE}
    )
    api.sign_in("root@example.com", PASSWORD)
    api.wait_for_status("lift.md", "indexed")
    there.get_by_role("textbox", name="question").fill("How often is the lift serviced?")
    there.keyboard.press("Enter")
    expect(there.get_by_text("41 days").first).to_be_visible(timeout=15_000)
    there.locator(".citation").first.click()  # what follows is loaded on first use
    expect(there.get_by_role("complementary", name="Source")).to_contain_text("41 days")
    there.keyboard.press("Escape")
    there.get_by_role("link", name="Administration").click()
    expect(there.get_by_role("main", name="Administration").get_by_role("heading").first).to_be_focused()
    there.reload()
    expect(there).to_have_title("Administration – RAG Functions")
    assert (
        there.get_by_role("link", name="API").get_attribute("href") == f"http://127.0.0.1:{api.port}/api/docs"
    )


def test_the_tenant_signs_in_there_too(there: Page, entra: EntraServer) -> None:
    entra.sign_ins.claims = {"preferred_username": "zoe@example.org"}
    there.get_by_role("button", name="Sign in with Microsoft").click()
    there.get_by_role("link", name="Accept").click()
    expect(there.get_by_text("zoe@example.org")).to_be_visible()
    there.reload()
    expect(there.get_by_text("zoe@example.org")).to_be_visible()
