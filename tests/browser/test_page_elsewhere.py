"""The chat page at an address of its own, as a Static Web App has it, with the API at another."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, expect

from infra.deploy.page import build_site
from tests.browser.conftest import PASSWORD
from tests.real_host import RealHost, free_port

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
def api(tmp_path: Path, weights: Path, page_port: int) -> Iterator[RealHost]:
    environment = {"RAG_CORS_ORIGINS": f"http://127.0.0.1:{page_port}"}
    with RealHost(tmp_path / "data", models=weights, environment=environment) as host:
        yield host


@pytest.fixture
def site(tmp_path: Path, api: RealHost, page_port: int) -> Iterator[str]:
    folder = tmp_path / "site"
    build_site(
        WEB, folder, api=f"http://127.0.0.1:{api.port}", storage="https://ragstore.blob.core.windows.net"
    )
    StaticSite.configuration = json.loads((folder / "staticwebapp.config.json").read_text())
    handler = partial(StaticSite, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", page_port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{page_port}"
        server.shutdown()
        thread.join()


def test_who_uses_it_there_signs_in_uploads_and_is_answered(
    browser: Browser, site: str, api: RealHost
) -> None:
    page = browser.new_page(base_url=site)
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/chat")
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("E-mail address").fill("root@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "lift.md", "mimeType": "text/markdown", "buffer": NOTE}
    )
    api.sign_in("root@example.com", PASSWORD)
    api.wait_for_status("lift.md", "indexed")
    page.get_by_role("textbox", name="question").fill("How often is the lift serviced?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("41 days").first).to_be_visible(timeout=15_000)
    page.close()
    assert said == []
