"""What every metadata store promises about usage: it adds up, and each sees what is asked for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import DailyUsage, Spent
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES, in_processes


@pytest.fixture(params=METADATA_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[kind](tmp_path) as store:
        yield store


def usage(user_id: str, day: str, model: str = "gpt", questions: int = 1) -> DailyUsage:
    spent = Spent(
        questions=questions,
        prompt_tokens=100 * questions,
        completion_tokens=10 * questions,
        saved_tokens=3 * questions,
        cost=7 * questions,
    )
    return DailyUsage(user_id=user_id, day=day, model=model, spent=spent)


async def test_what_is_added_adds_up_by_day_and_model(store: MetadataStore) -> None:
    first, other = usage("ann", "2026-11-22"), usage("ann", "2026-11-23", "a small one")
    assert await store.add_usage([first, other]) == 2
    assert await store.add_usage([usage("ann", "2026-11-23", questions=4)]) == 1
    assert await store.add_usage([usage("ann", "2026-11-22", questions=2)]) == 1
    assert await store.usage("ann", first_day="2026-11-01", last_day="2026-11-30") == [
        usage("ann", "2026-11-22", questions=3),
        other,
        usage("ann", "2026-11-23", questions=4),
    ]


async def test_nothing_is_added_of_nothing(store: MetadataStore) -> None:
    assert await store.add_usage([]) == 0
    assert await store.usage("ann", first_day="2000-01-01", last_day="2100-01-01") == []
    assert await store.usage_by_user(first_day="2000-01-01", last_day="2100-01-01") == {}
    assert await store.usage_by_day(first_day="2000-01-01", last_day="2100-01-01") == {}
    assert await store.tokens_used("2026-11-23") == 0


async def test_users_and_days_are_kept_apart(store: MetadataStore) -> None:
    days = ("2026-11-21", "2026-11-22", "2026-11-23")
    await store.add_usage([usage("ann", day) for day in days] + [usage("$bob", days[1], questions=5)])
    assert await store.usage("$bob", first_day=days[0], last_day=days[2]) == [
        usage("$bob", days[1], questions=5)
    ]
    assert [each.day for each in await store.usage("ann", first_day=days[1], last_day=days[2])] == [*days[1:]]
    assert await store.usage_by_user(first_day=days[0], last_day=days[1]) == {
        "ann": usage("ann", "", questions=2).spent,
        "$bob": usage("$bob", "", questions=5).spent,
    }
    assert [await store.tokens_used(day) for day in days] == [110, 660, 110]


async def test_all_users_together_are_told_by_day_and_model_in_this_order(store: MetadataStore) -> None:
    first, second, later = "2026-11-21", "2026-11-22", "2026-11-23"
    await store.add_usage([usage("ann", second), usage("$bob", second, questions=5), usage("ann", later)])
    await store.add_usage([usage("ann", second, "a small one"), usage("$bob", first, questions=2)])
    told = await store.usage_by_day(first_day=first, last_day=second)
    assert list(told.items()) == [
        ((first, "gpt"), usage("", "", questions=2).spent),
        ((second, "a small one"), usage("", "").spent),
        ((second, "gpt"), usage("", "", questions=6).spent),
    ]


def add_in_process(kind: str, folder: Path) -> None:
    async def run() -> None:
        async with METADATA_STORES[kind](folder) as store:
            await asyncio.gather(*(store.add_usage([usage("ann", "2026-11-23")]) for _ in range(10)))

    asyncio.run(run())


async def test_what_several_processes_add_is_all_counted(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    await in_processes(add_in_process, [(kind, tmp_path)] * 3)
    assert await store.usage("ann", first_day="2026-11-23", last_day="2026-11-23") == [
        usage("ann", "2026-11-23", questions=30)
    ]
