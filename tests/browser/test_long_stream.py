"""Ten thousand tokens stream into the page as fast as a host can send them: the page stays smooth.

What is asserted is the page's own work, the processor time of its main thread per task, which a busy machine
does not lengthen. The gaps between frames, which it does, are printed (`pytest -s`).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_answers import PASSAGE, answering, ask
from tests.planted import planted
from tests.real_host import RealHost
from tests.stand_ins.openai_server import MODEL, OpenAIServer

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

_FAQ = Path(__file__).parents[2] / "samples/faq.html"
_TOKENS = 10_000
_FRAME = 100.0  # ms of work that a frame may wait for
_PATIENCE = 200_000  # ms until the answer stands
_PROSE = "Rent is **6 percent** of the list price a month [1], and `half of it` counts towards a purchase. "
_CODE = "for balance in rented:\n    print(balance.days_left) # of this month and the next\n"
_KINDS = {
    "mixed": f"## A part\n\n{_PROSE * 3}\n\n- in two days [1]\n- in six weeks, or later\n\n"
    f"| Product | Days |\n| --- | --- |\n| LS-100 | 2 |\n| LS-300 | 5 |\n\n```\n{_CODE}```\n\n",
    "one list": f"- {_PROSE}\n",
}
_GAPS = """() => {
  window.gaps = [];
  let last = performance.now();
  const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""

_THE_END = """() => new Promise((resolve) => {
  const isThere = () => document.querySelector('.answer[aria-busy="false"]') && resolve();
  new MutationObserver(isThere).observe(document.body, { subtree: true, attributeFilter: ["aria-busy"] });
  isThere();
})"""


def tokens(part: str) -> list[str]:
    """As many pieces as a model would send, a word or so each."""
    pieces = [f"{word} " for word in part.split(" ")]
    pieces[-1] = pieces[-1][:-1]
    return (pieces * (_TOKENS // len(pieces) + 1))[:_TOKENS]


def work_of(browser: Browser, page: Page, act: Callable[[], None]) -> list[float]:
    """Milliseconds of processor time of each task of the page's main thread meanwhile."""
    page.evaluate(_GAPS)
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    act()
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        each["tdur"] / 1000
        for each in events
        if each["name"].endswith("RunTask") and (each["pid"], each["tid"]) in threads and "tdur" in each
    ]
    assert tasks, "the browser tells no processor time"
    gaps = sorted(page.evaluate("window.gaps"))
    middle, late = (gaps[int(len(gaps) * share)] for share in (0.5, 0.99))
    print(f"\n{len(tasks)} tasks, the longest {max(tasks):.1f} ms, together {sum(tasks):.0f} ms of processor")
    print(
        f"{len(gaps)} frames, {middle:.0f} ms apart at the median, {late:.0f} at 99 %, {gaps[-1]:.0f} at most"
    )
    return tasks


def body_of(pieces: list[str]) -> str:
    """The whole stream at once: no host is faster."""
    answer = {
        "answer": "".join(pieces),
        "citations": [PASSAGE],
        "conversation_id": "c1",
        "request_id": "r1",
        "degraded": None,
        "degraded_reason": None,
    }
    events: list[tuple[str, dict[str, Any]]] = [
        ("context", {"conversation_id": "c1", "passages": [PASSAGE]}),
        *(("delta", {"text": piece}) for piece in pieces),
        ("done", answer),
    ]
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def wait_for_the_end(page: Page) -> None:
    """Without looks from outside, which are work of the page's main thread too."""
    page.set_default_timeout(_PATIENCE)
    page.evaluate(_THE_END)


@pytest.mark.parametrize("kind", _KINDS)
def test_no_frame_waits_for_an_answer_that_comes_at_once(
    browser: Browser, page: Page, register: Callable[[Page], str], kind: str
) -> None:
    register(page)
    pieces = tokens(_KINDS[kind])
    answering(page, body_of(pieces))

    def answer() -> None:
        ask(page)
        wait_for_the_end(page)

    assert max(work_of(browser, page, answer)) < _FRAME
    expect(page.locator(".answer-text .chip").last).to_be_visible()


@pytest.fixture(scope="module")
def prolific(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """A host whose model writes ten thousand tokens about what it is asked."""
    with OpenAIServer() as model:
        model.behave(answer="".join(tokens(_KINDS["mixed"])))
        environment = {
            "RAG_CHAT_MODEL": "openai",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_CHAT_MODEL": MODEL,
            "OPENAI_API_KEY": planted("key"),
            "RAG_ANSWER_TOKENS": "16000",
            "RAG_ANSWER_TIMEOUT_SECONDS": "230",
        }
        data = tmp_path_factory.mktemp("prolific") / "data"
        with RealHost(data, models=weights, environment=environment) as running:
            running.sign_in()
            running.put("shared/faq.html", _FAQ.read_bytes())
            running.wait_for_status("shared/faq.html", "indexed")
            yield running


def test_no_frame_waits_for_an_answer_of_a_real_host(
    browser: Browser, prolific: RealHost, register: Callable[[Page], str]
) -> None:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{prolific.port}/chat")
        register(page)

        def answer() -> None:
            ask(page)
            wait_for_the_end(page)

        assert max(work_of(browser, page, answer)) < _FRAME
        written = page.locator(".answer-text").inner_text()
        assert len(written.split()) > _TOKENS * 0.8  # the marks of Markdown are not shown
