"""`make demo`: walks through the page on a fresh host and keeps what it sees in docs/images and docs/tour.md.

The host is a real one with the samples, the browser a real Chromium. Each scene is a function of the page;
its docstring is what docs/tour.md says beside the picture.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from cli.weights import prepare
from shared.settings import read_settings
from tests.browser.asking import ask
from tests.browser.conftest import _ARGUMENTS, _BROWSERS
from tests.planted import planted
from tests.real_host import RealHost, free_port

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"
TOUR = ROOT / "docs/tour.md"
EMAIL, PASSWORD = "ada@example.com", planted("password of the tour")
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
COLOURS = 192  # of a picture: screens have few, and the repository keeps every version
PATIENCE = 60_000  # milliseconds
HEADING = """# A tour

What a first visit looks like. `make demo` takes these pictures anew: a fresh host with the files of
`samples/`, the extractive model, and a real browser.
"""


def open_source(page: Page, turn: Locator) -> Locator:
    turn.get_by_role("button", name=re.compile(r"^Source 1: ")).first.click()
    source = page.get_by_role("complementary", name="Source")
    expect(source.get_by_role("heading").first).to_be_visible()
    expect(source.get_by_text("Opening the document")).to_have_count(0)
    settle(page)
    return source


def settle(page: Page) -> None:
    """Nothing is on its way, and nothing is pointed at."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")


def again(page: Page) -> None:
    """Nothing asked, nothing open."""
    page.goto("/chat")
    expect(page.get_by_label("Your question")).to_be_visible()
    new = page.get_by_role("button", name="New conversation")
    if new.is_visible():
        new.click()


def sign_up(page: Page) -> None:
    """The first account of a new data folder is the administrator's."""
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)


def start(page: Page) -> None:
    """Questions that the samples answer, over several kinds of file, are one click away."""
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator(".suggestion").nth(3)).to_be_visible()
    settle(page)


def chat(page: Page) -> None:
    """Every statement has its source; it opens beside the answer, at its page, with the passage marked."""
    again(page)
    source = open_source(page, ask(page, "How long is parental leave on full pay?"))
    expect(source.locator("canvas")).to_be_visible()
    expect(source.locator("mark").first).to_be_in_viewport()


def table(page: Page) -> None:
    """Rows of workbooks are answers, too."""
    again(page)
    open_source(page, ask(page, "When is the next calibration of the LS-900 of ETA Microsystems?"))


def other_language(page: Page) -> None:
    """Documents and questions in many languages."""
    again(page)
    ask(page, "Wie viel Euro je Kilometer gibt es für Fahrten mit dem eigenen Auto?")


def unknown(page: Page) -> None:
    """What the documents do not say is not made up."""
    again(page)
    ask(page, "Who composed the opera Turandot?")


def documents(page: Page) -> None:
    """All documents, with what became of each; files and folders are dropped here."""
    again(page)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Documents").click()
    expect(page.locator(".row").first).to_be_visible()
    settle(page)


def administration(page: Page) -> None:
    """Administrators see health, versions of the index, people, and what is asked and spent."""
    again(page)
    page.get_by_role("link", name="Administration").click()
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Usage and cost").click()
    expect(page.get_by_role("heading", name="Usage and cost")).to_be_visible()
    settle(page)


def phone(page: Page) -> None:
    """The same on a phone."""
    page.set_viewport_size(PHONE)
    again(page)
    ask(page, "When will the LS-950 nanobalance be launched?")


def dark(page: Page) -> None:
    """And in the dark."""
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="dark")
    again(page)
    open_source(page, ask(page, "What was the root cause of incident IR-2026-03?"))


def degraded(page: Page) -> None:
    """A language model that is down is stood in for, and the answer says so."""
    page.emulate_media(color_scheme="light")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    ask(page, "How long is the warranty on load cells?")


SCENES = (sign_up, start, chat, table, other_language, unknown, documents, administration, phone, dark)
ON_A_HOST_WITHOUT_ITS_MODEL = (degraded,)


def main() -> None:
    executable = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if executable is None:
        sys.exit("make demo needs a browser: install Debian's chromium, or Chrome")
    models = prepare("e5", read_settings().models, report=print)
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory(prefix="tour-") as folder, sync_playwright() as playwright:
        data = Path(folder, "data")
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        with RealHost(data, models=models, arguments=("--samples", str(ROOT / "samples"))) as host:
            wait_for_samples(host)
            show(SCENES, browser, host)
        down = {
            "RAG_CHAT_MODEL": "openai",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
            "OPENAI_CHAT_MODEL": "llama3.1",
        }
        with RealHost(data, models=models, environment=down) as host:
            show(ON_A_HOST_WITHOUT_ITS_MODEL, browser, host)
        browser.close()
    TOUR.write_text(HEADING + "".join(map(told, (*SCENES, *ON_A_HOST_WITHOUT_ITS_MODEL))), encoding="utf-8")
    print(f"{TOUR.relative_to(ROOT)} is written")


def wait_for_samples(host: RealHost) -> None:
    """One by one: each may take its time on a busy machine."""
    for number, _ in enumerate((ROOT / "samples").iterdir(), 1):
        host.wait_until(partial(said, host, f"[{number}/"))


def said(host: RealHost, words: str) -> bool:
    return words in host.text()


def show(scenes: tuple[Callable[[Page], None], ...], browser: Browser, host: RealHost) -> None:
    page = browser.new_page(base_url=f"http://127.0.0.1:{host.port}", viewport=WIDE, locale="en-GB")
    page.set_default_timeout(PATIENCE)
    page.goto("/chat")
    for scene in scenes:
        scene(page)
        picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{name_of(scene)}.png", optimize=True)
        print(f"docs/images/{name_of(scene)}.png")
    page.close()


def told(scene: Callable[[Page], None]) -> str:
    name = name_of(scene)
    return f"\n{scene.__doc__}\n\n![{name.replace('-', ' ')}](images/{name}.png)\n"


def name_of(scene: Callable[[Page], None]) -> str:
    return scene.__name__.replace("_", "-")


if __name__ == "__main__":
    main()
