"""How little the page is: what is fetched until the first answer stands, and how soon it shows anything."""

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.conftest import ARTEFACTS
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

WEB = Path(__file__).parents[2] / "web"
BUDGET = 100_000  # bytes
LOADS = 5
PAINT = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)[0]"
# A function is evaluated once, by the driver. The text of an expression is again with each look, by
# the page's own `eval`, which the page's policy forbids.
PAINTED = f"() => {PAINT} !== undefined"


def size(request: Request) -> tuple[int, int]:
    """What came over the wire with its head, and what it was before packing."""
    response, sizes = request.response(), request.sizes()
    assert response is not None
    return sizes["responseBodySize"] + sizes["responseHeadersSize"], len(response.body())


def tell(name: str, **figures: int) -> None:
    """Keep what was measured, for people to read."""
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / f"{name}.json").write_text(json.dumps(figures))


def test_until_the_first_answer_stands_less_than_100_kb_are_fetched(
    browser: Browser,
    host: RealHost,
    register: Callable[[Page], str],
) -> None:
    fetched: list[Request] = []

    def keep(request: Request) -> None:
        fetched.append(request)

    page = browser.new_page(base_url=f"http://127.0.0.1:{host.port}")
    page.set_default_timeout(15_000)
    page.on("requestfinished", keep)
    page.goto("/chat")
    register(page)
    page.locator(".suggestion").first.click()
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".citation").first).to_be_visible()

    sizes = {request.url: size(request) for request in fetched}
    wire = sum(packed for packed, _ in sizes.values())
    files = sum(whole for url, (_, whole) in sizes.items() if "/chat" in url and "/api/" not in url)
    tell("budget-bytes", wire_with_heads_and_api=wire, files_unpacked=files)
    assert len(sizes) > 20
    assert wire <= BUDGET
    assert files <= BUDGET
    lazy = [url for url in sizes if re.search(r"/chat/(admin|library|source|vendor|history)/|entra", url)]
    assert lazy == []
    page.close()


def test_the_chain_of_modules_is_asked_for_at_once() -> None:
    """What index.html names ahead is what app.js imports, whoever imports it there."""
    needed: set[str] = set()

    def follow(name: str) -> None:
        if name not in needed:
            needed.add(name)
            source = (WEB / name).read_text()
            for imported in re.findall(r'^(?:import|export)[^;"]*"\./([\w/]+\.js)";', source, re.MULTILINE):
                follow(imported)

    follow("app.js")
    index = (WEB / "index.html").read_text()
    assert set(re.findall(r'"modulepreload" href="/chat/([\w/]+\.js)"', index)) == needed - {"app.js"}


def test_the_first_paint_waits_for_no_script(browser: Browser, host: RealHost) -> None:
    context = browser.new_context(base_url=f"http://127.0.0.1:{host.port}")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    context.route("**/*.js", hold)
    tab = context.new_page()
    tab.goto("/chat", wait_until="commit")
    tab.wait_for_function(PAINTED)
    assert held
    for route in held:
        route.abort()
    context.close()


def test_the_first_paint_is_measured_beside_a_page_of_one_word(browser: Browser, host: RealHost) -> None:
    """Below 300 ms on a machine that does nothing else. A busy one only fails what is out of proportion."""

    def paints(path: str) -> list[float]:
        taken = []
        for _ in range(LOADS):
            context = browser.new_context(base_url=f"http://127.0.0.1:{host.port}")
            tab = context.new_page()
            tab.goto(path)
            tab.wait_for_function(PAINTED)
            taken.append(float(tab.evaluate(PAINT)))
            context.close()
        return taken

    ours, floor = statistics.median(paints("/chat")), statistics.median(paints("/api/health/live"))
    tell("budget-first-paint", ours_ms=round(ours), one_word_ms=round(floor))
    assert ours <= max(300.0, 10 * floor)


def test_every_file_of_the_page_is_short() -> None:
    files = [file for kind in ("js", "css", "html") for file in WEB.rglob(f"*.{kind}")]
    own = [file for file in files if "vendor" not in file.parts]
    assert len(own) > 30
    assert [file.name for file in own if len(file.read_text().splitlines()) >= 250] == []
