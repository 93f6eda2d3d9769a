"""What the tests of the administrator's view do again and again."""

from playwright.sync_api import Page, expect

from tests.browser.test_access import AXE
from tests.real_host import PASSWORD, RealHost

ROOT = "root@example.com"


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def account(host: RealHost, email: str) -> str:
    """Its id."""
    made = host.client.post("/api/users", json={"email": email, "password": PASSWORD}).raise_for_status()
    return str(made.json()["id"])


def open_section(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Administration").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()


def confirm(page: Page, button: str, answer: str) -> None:
    """Press what asks before it does anything, and answer."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("dialog").get_by_role("button", name=answer).click()


def check(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    small = (
        "nodes => nodes.filter((n) => n.checkVisibility() && (n.clientHeight < 24)).map((n) => n.outerHTML)"
    )
    assert page.locator("#admin button, #admin .admin-nav a, #admin select").evaluate_all(small) == []
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, { iframes: false })")["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
