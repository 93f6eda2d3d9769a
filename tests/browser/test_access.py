"""Everyone can use the page: by keyboard alone, on a phone, in the dark, with a screen reader."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.planted import planted
from tests.real_host import PASSWORD as HOSTS_PASSWORD
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

# Where `make servers` could install it, it checks every screen as well.
AXE = Path(__file__).parents[2] / ".cache/servers/axe/node_modules/axe-core/axe.min.js"
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


def photographed(page: Page, photograph: Callable[[Page, str], None], name: str) -> None:
    """A picture of the screen, which fits, whose controls have names, and in which axe-core finds nothing."""
    photograph(page, name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    unnamed = "node => !(node.ariaLabel || node.textContent.trim() || node.labels?.length)"
    controls = page.locator("button, a, input, textarea, iframe:not([title])")
    assert controls.evaluate_all(f"nodes => nodes.filter({unnamed}).map((n) => n.outerHTML)") == []
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, { iframes: false })")["violations"]
        assert [(name, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


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
        photographed(page, photograph, f"{scheme}-{width}-{name}")

    expect(page.get_by_role("button", name="Create an account")).to_be_visible()
    look("1-sign-in")
    register(page)
    expect(page.locator(".suggestion").first).to_be_visible()
    look("2-start")
    look_at_an_answer(page, look)
    if width < 700:
        page.get_by_role("button", name="Library").click()
        expect(page.get_by_role("button", name="Add documents")).to_be_focused()
        look("5-library")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Library")).to_be_focused()
    look_at_documents(page, look)


def look_at_an_answer(page: Page, look: Callable[[str], None]) -> None:
    page.locator(".suggestion").first.click()
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    look("3-answer")
    page.locator(".citation").first.click()
    expect(page.locator("#source mark").first).to_be_visible()
    look("4-source")
    page.keyboard.press("Escape")


def look_at_documents(page: Page, look: Callable[[str], None]) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Documents").click()
    page.set_input_files(
        "input[type=file]", {"name": "mine.md", "mimeType": "text/markdown", "buffer": b"# A"}
    )
    expect(page.get_by_role("button", name="Delete mine.md")).to_be_visible()
    look("6-documents")
    page.get_by_role("button", name="Share mine.md").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("7-dialog")


def test_the_views_are_reached_by_keyboard_address_and_history(
    host: RealHost, new_page: Callable[..., Page], photograph: Callable[[Page, str], None]
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(HOSTS_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    press_until(page, "Shift+Tab", "link", "Administration")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main", name="Administration").get_by_role("heading").first).to_be_focused()
    expect(page).to_have_title("Administration – RAG Functions")
    expect(page.get_by_role("main")).to_have_count(1)
    photographed(page, photograph, "light-1280-8-administration")
    press_until(page, "Shift+Tab", "link", "Documents")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_focused()
    expect(page).to_have_title("Documents – RAG Functions")
    expect(page.get_by_role("main")).to_have_count(1)
    page.reload()
    expect(page).to_have_title("Documents – RAG Functions")
    page.go_back()
    expect(page).to_have_title("Administration – RAG Functions")
    page.go_back()
    expect(page).to_have_title("RAG Functions")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_who_administers_nothing_is_led_nowhere(page: Page, register: Callable[[Page], str]) -> None:
    register(page)
    expect(page.get_by_role("link", name="Administration")).to_be_hidden()
    page.evaluate("location.hash = '#admin'")
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page.locator("#admin")).to_be_empty()


def test_a_link_from_elsewhere_opens_the_source_it_names(
    host: RealHost, page: Page, register: Callable[[Page], str], expected_failures: list[str]
) -> None:
    expected_failures.append("status of 404")
    register(page)
    document = host.document("shared/ls-300-user-manual.pdf")
    assert document is not None
    page.goto(f"/chat#document/{document['id']}/2")
    source = page.get_by_role("complementary", name="Source")
    expect(source.get_by_role("heading", name="ls-300-user-manual.pdf")).to_be_focused()
    expect(source).to_contain_text("page 2 of")
    expect(source.get_by_text("Cited passage")).to_be_hidden()  # none is cited
    page.goto("/chat#document/no-such-one/2")
    expect(page.get_by_text("There is no such document")).to_be_visible()


def test_forced_colours_leave_nothing_without_an_edge(
    new_page: Callable[..., Page], register: Callable[[Page], str], photograph: Callable[[Page, str], None]
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800}, forced_colors="active")
    register(page)
    page.locator(".suggestion").first.click()
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    photograph(page, "forced-colours")
    edge = "node => [getComputedStyle(node).borderStyle, getComputedStyle(node).outlineStyle]"
    for control in (".send", ".citation", ".kind", ".views [aria-current]"):
        shown = page.locator(control).first
        assert {"solid"} & set(shown.evaluate(edge)), control
    page.get_by_label("Your question").focus()
    assert page.locator(".ask-box").evaluate(f"(node) => ({edge})(node)[0]") == "solid"


def test_who_wants_no_motion_sees_none(
    new_page: Callable[..., Page], register: Callable[[Page], str]
) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    register(page)
    moving = "nodes => nodes.filter((n) => parseFloat(getComputedStyle(n).transitionDuration) > 0).length"
    page.get_by_role("button", name="Library").click()
    assert page.locator("*").evaluate_all(moving) == 0
    assert page.evaluate("document.getAnimations().length") == 0
