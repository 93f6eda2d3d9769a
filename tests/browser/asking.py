"""A question on the page. Used by the tests of the main job and by the tour."""

from playwright.sync_api import Locator, Page, expect


def ask(page: Page, question: str) -> Locator:
    """The turn, once its answer is complete."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    turn = page.get_by_role("article").last
    expect(turn.get_by_role("heading", level=2)).to_have_text(question)
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    return turn
