"""Everyone can use the page: by keyboard alone, on a phone, in the dark, with a screen reader."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.planted import planted

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

WEB = Path(__file__).parents[2] / "web"
# Where `npm install --no-save axe-core` was run, it checks every screen as well.
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
PASSWORD = planted("password")
SCREENS = [("light", 1440, 900), ("dark", 1280, 800), ("light", 360, 740), ("dark", 360, 740)]


def press_until(page: Page, key: str, role: str, name: str) -> None:
    """Tab on; fails where the control cannot be reached by the keyboard."""
    target = page.get_by_role(role, name=name)  # type: ignore[arg-type]
    for _ in range(80):
        page.keyboard.press(key)
        if target.first.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"{key} never reaches the {role} {name}")


def test_the_main_job_needs_no_pointer(page: Page, addresses: str) -> None:
    press_until(page, "Tab", "button", "Create an account")
    page.keyboard.press("Enter")
    press_until(page, "Shift+Tab", "textbox", "E-mail address")
    page.keyboard.type(next(addresses))  # type: ignore[call-overload]
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    question = page.get_by_label("Your question")
    expect(question).to_be_focused()
    page.keyboard.type("Do you rent")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("balances?")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text("Do you rent\nbalances?")
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("status").first).to_contain_text("Answer:")

    press_until(page, "Shift+Tab", "button", "Source 1: faq.html")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="faq.html")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Source 1: faq.html").first).to_be_focused()


def test_the_question_box_grows_with_the_question(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    box = page.get_by_label("Your question")
    low = box.evaluate("node => node.clientHeight")
    box.fill("one\ntwo\nthree\nfour")
    assert box.evaluate("node => node.clientHeight") > low
    assert box.evaluate("node => node.scrollHeight - node.clientHeight") <= 0
    box.fill("")
    assert box.evaluate("node => node.clientHeight") == low


@pytest.mark.parametrize(("scheme", "width", "height"), SCREENS)
def test_every_screen_fits_and_its_controls_have_names(
    new_page: Callable[..., Page],
    register: Callable[[Page], str],
    photograph: Callable[[Page, str], None],
    scheme: str,
    width: int,
    height: int,
) -> None:
    page = new_page(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")

    def look(name: str) -> None:
        photograph(page, f"{scheme}-{width}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        unnamed = "node => !(node.ariaLabel || node.textContent.trim() || node.labels?.length)"
        controls = page.locator("button, a, input, textarea, iframe:not([title])")
        assert controls.evaluate_all(f"nodes => nodes.filter({unnamed}).map((n) => n.outerHTML)") == []
        if AXE.exists():
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run(document, { iframes: false })")["violations"]
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []

    look("1-sign-in")
    register(page)
    expect(page.locator(".suggestion")).to_have_count(2)  # of three: one sample is not there
    look("2-start")
    page.locator(".suggestion").first.click()
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    look("3-answer")
    page.locator(".citation").first.click()
    expect(page.locator(".source-text, .source-frame")).to_be_visible()
    look("4-source")
    page.keyboard.press("Escape")
    if width < 700:
        page.get_by_role("button", name="Library").click()
        expect(page.get_by_role("button", name="Add documents")).to_be_focused()
        look("5-library")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Library")).to_be_focused()


def test_the_whole_page_weighs_less_than_100_kb_in_small_files() -> None:
    files = [file for file in WEB.iterdir() if file.suffix != ".json"]  # what a browser is sent
    assert sum(file.stat().st_size for file in files) <= 100_000
    assert all(len(file.read_text().splitlines()) < 250 for file in files)
