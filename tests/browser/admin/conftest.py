"""A host with a month of usage, and its administrator in the view that these tests are about."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.domain import DailyUsage, Spent
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.query.ledger import day_of
from tests.browser.admin.steps import ROOT, sign_in
from tests.real_host import RealHost

_SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    """One of these tests' own, as its index versions change. Its administrator is ROOT."""
    data = tmp_path_factory.mktemp("admin") / "data"
    with RealHost(data, models=weights) as running:
        running.sign_in(ROOT)
        for name in ("incident-ir-2026-03.md", "faq.html"):
            running.put(f"shared/{name}", (_SAMPLES / name).read_bytes())
            running.wait_for_status(f"shared/{name}", "indexed")
        me = running.client.get("/api/auth/me").json()["user_id"]
        with ThreadPoolExecutor() as elsewhere:  # the browser's own loop runs in this thread
            elsewhere.submit(lambda: asyncio.run(_spend(data, me))).result()
        yield running


async def _spend(data: Path, user_id: str) -> None:
    """A month of questions, which no test could wait for."""
    store = SqliteMetadataStore(data / "metadata.db")
    day = [
        DailyUsage(
            user_id=who,
            day=day_of(ago),
            model=model,
            spent=Spent(
                questions=(ago * 7) % 13 * share,
                prompt_tokens=(ago * 7) % 13 * 900 * share,
                completion_tokens=(ago * 7) % 13 * 80 * share,
                saved_tokens=(ago * 5) % 7 * 300,
                cost=(ago * 7) % 13 * 1_500 * share,
            ),
        )
        for ago in range(2, 29)
        for who, model, share in ((user_id, "gpt-4o", 2), ("of-a-tenant", "gpt-4o-mini", 1))
    ]
    await store.add_usage(day)
    await store.close()


@pytest.fixture
def admin(page: Page) -> Page:
    """The administrator, in the view."""
    sign_in(page, ROOT)
    page.get_by_role("link", name="Administration").click()
    expect(page.get_by_role("heading", name="Health", level=2)).to_be_focused()
    return page
