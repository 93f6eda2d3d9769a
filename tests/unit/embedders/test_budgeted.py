"""How workers share the rate of a deployment: turns for ingestion, none for questions, one pause for all."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.caches.base import Cache
from shared.caches.sqlite import SqliteCache
from shared.embedders.budgeted import BudgetedEmbedder
from shared.errors import BackendUnavailable, Throttled
from tests.stand_ins.busy_deployment import BusyDeployment as Deployment
from tests.stand_ins.half_broken import HalfBroken, answers
from tests.stand_ins.hashing_embedder import HashingEmbedder

KEY = "embedding-turns:deployment"


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[SqliteCache]:
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    yield cache
    await cache.close()


def count_words(text: str) -> int:
    return len(text.split())


def open_embedder(
    deployment: Deployment, cache: Cache, per_second: float = 0, **changes: Any
) -> BudgetedEmbedder:
    arguments = {"tokens_per_minute": int(60 * per_second), "requests_per_minute": 0, **changes}
    return BudgetedEmbedder(deployment, cache, name="deployment", count_tokens=count_words, **arguments)


def words(count: int) -> str:
    return " ".join(["word"] * count)


async def drain(embedders: Sequence[BudgetedEmbedder], texts: int, *, tokens: int, workers: int = 4) -> None:
    """As many workers for each as ingest at once."""
    queue = [words(tokens)] * texts

    async def work(embedder: BudgetedEmbedder) -> None:
        while queue:
            await embedder.embed_passages([queue.pop()])

    async with asyncio.TaskGroup() as group:
        for embedder in embedders * workers:
            group.create_task(work(embedder))


async def until(claim: Any) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


def elapsed(deployment: Deployment) -> float:
    return deployment.asked[-1][0] - deployment.asked[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("is_dead", [False, True], ids=["shared", "cache dead"])
async def test_all_workers_together_keep_to_nine_tenths_of_the_rate(
    deployment: Deployment, cache: Cache, is_dead: bool
) -> None:
    line = HalfBroken(cache, reserve=answers(None)) if is_dead else cache
    embedders = [open_embedder(deployment, line, 1000) for _ in range(1 if is_dead else 2)]
    await drain(embedders, 40, tokens=30)
    best = 39 * 30 / 900
    assert best - 0.05 <= elapsed(deployment) < 4 * best


async def test_requests_are_counted_where_they_are_what_is_scarce(
    deployment: Deployment, cache: Cache
) -> None:
    embedder = open_embedder(deployment, cache, 1_000_000, requests_per_minute=60 * 40)
    await drain([embedder], 20, tokens=1)
    assert 19 / 40 / 0.9 - 0.05 <= elapsed(deployment) < 4


async def test_many_texts_go_in_portions_and_come_back_in_order(deployment: Deployment, cache: Cache) -> None:
    embedder = open_embedder(deployment, cache, 100_000)
    texts = [f"rule{number}" for number in range(70)] + [f"law{number} {words(1599)}" for number in range(7)]
    embeddings = await embedder.embed_passages(texts)
    assert embeddings == await HashingEmbedder().embed_passages(texts)
    assert [len(portion) for _, portion in deployment.asked] == [64, 10, 3]
    assert await embedder.embed_passages([]) == []


async def test_a_portion_is_small_beside_the_rate(deployment: Deployment, cache: Cache) -> None:
    embedder = open_embedder(deployment, cache, 10)
    ingestion = asyncio.create_task(embedder.embed_passages([words(10)] * 4 + [words(500)]))
    await until(lambda: deployment.asked)
    ingestion.cancel()
    await asyncio.wait({ingestion})
    assert [len(portion) for _, portion in deployment.asked] == [3]


async def test_questions_do_not_wait_while_ingestion_does(deployment: Deployment, cache: Cache) -> None:
    await cache.reserve(KEY, 600)
    embedder = open_embedder(deployment, cache, 1000)
    ingestion = asyncio.create_task(drain([embedder], 8, tokens=10))
    began = time.monotonic()
    for _ in range(10):
        await embedder.embed_query("why?")
        await embedder.embed_passages(["a sentence"], urgent=True)
    assert time.monotonic() - began < 2
    assert (len(deployment.questions), deployment.asked) == (20, [])
    ingestion.cancel()
    await asyncio.wait({ingestion})
    await embedder.close()


async def test_a_cache_that_hangs_holds_no_question_up(deployment: Deployment, cache: Cache) -> None:
    gate = asyncio.Event()

    async def hangs(*_: Any, **__: Any) -> None:
        await gate.wait()

    embedder = open_embedder(deployment, HalfBroken(cache, reserve=hangs), 1000)
    await asyncio.wait_for(embedder.embed_query("why?"), 5)
    gate.set()
    await embedder.close()


async def test_what_questions_use_is_taken_off_ingestions_time(deployment: Deployment, cache: Cache) -> None:
    embedder = open_embedder(deployment, cache, 1000)
    await embedder.embed_query(words(600))
    await until(lambda: not embedder._charges)
    began = time.monotonic()
    await embedder.embed_passages([words(10)])
    assert 0.5 < time.monotonic() - began < 5


async def test_a_rush_of_questions_holds_ingestion_up_for_seconds_not_minutes(
    deployment: Deployment, cache: Cache
) -> None:
    embedder = open_embedder(deployment, cache, 1000)
    await asyncio.gather(*(embedder.embed_query(words(1000)) for _ in range(60)))
    await embedder.close()
    assert 5 < (await cache.reserve(KEY, 1, most=0) or 0) < 12


async def test_a_refused_portion_is_asked_for_again_when_the_service_says(
    deployment: Deployment, cache: Cache
) -> None:
    embedder = open_embedder(deployment, cache, 1_000_000)
    deployment.sound_at = time.monotonic() + 0.1
    assert await embedder.embed_passages(["a river"]) == await HashingEmbedder().embed_passages(["a river"])
    (first, _), (second, _) = deployment.asked
    assert second - first >= 0.3


@pytest.mark.slow
async def test_a_refusal_of_one_is_a_pause_for_all(deployment: Deployment, cache: Cache) -> None:
    deployment.retry_after = 1
    deployment.sound_at = time.monotonic() + 0.5
    one, other = (open_embedder(deployment, cache, 1_000_000) for _ in range(2))
    with pytest.raises(Throttled):
        await one.embed_query("why?")
    began = time.monotonic()
    await asyncio.gather(*(other.embed_passages(["a river"]) for _ in range(5)))
    assert time.monotonic() - began > 0.5
    assert len(deployment.refused) == 1
    await one.close()


@pytest.mark.slow
@pytest.mark.parametrize("per_second", [0, 500], ids=["rate unknown", "rate known"])
async def test_a_storm_of_refusals_is_met_with_about_one_request_per_pause(
    deployment: Deployment, cache: Cache, per_second: int
) -> None:
    deployment.latency = 0.01
    deployment.sound_at = time.monotonic() + 2.5
    embedders = [open_embedder(deployment, cache, per_second) for _ in range(2)]
    await drain(embedders, 8, tokens=150)
    assert len(deployment.embedded) == 8
    # Pauses of 0.3 s; those under way when the first is refused come on top, once.
    pauses = sum(later - earlier > 0.15 for earlier, later in pairwise(deployment.refused)) + 1
    assert pauses >= 4
    assert len(deployment.refused) <= pauses + 8


@pytest.mark.slow
async def test_requests_keep_a_distance_after_a_refusal_where_the_rate_is_unknown(
    deployment: Deployment, cache: Cache
) -> None:
    deployment.sound_at = time.monotonic() + 0.1
    embedder = open_embedder(deployment, cache)
    await drain([embedder], 8, tokens=10, workers=2)
    starts = [at for at, _ in deployment.asked]
    assert starts[-1] - starts[-2] > 0.1
    fewer = [later - earlier for earlier, later in pairwise(starts[3:])]
    assert fewer[-1] < fewer[0]


async def test_patience_ends(deployment: Deployment, cache: Cache) -> None:
    deployment.sound_at = time.monotonic() + 60
    embedder = open_embedder(deployment, cache, 1_000_000, patience=0.5)
    began = time.monotonic()
    with pytest.raises(Throttled):
        await embedder.embed_passages(["a river"])
    assert 0.5 <= time.monotonic() - began < 5


async def test_other_failures_are_nothing_to_wait_for(deployment: Deployment, cache: Cache) -> None:
    async def breaks(*_: Any, **__: Any) -> None:
        raise BackendUnavailable("out of reach")

    embedder = open_embedder(HalfBroken(deployment, embed_passages=breaks), cache, 1000)  # type: ignore[arg-type]
    with pytest.raises(BackendUnavailable, match="out of reach"):
        await embedder.embed_passages(["a river"])
    assert (await cache.reserve(KEY, 0)) == pytest.approx(0, abs=0.1)


@pytest.mark.slow
async def test_a_worker_that_leaves_while_it_waits_leaves_no_gap(
    deployment: Deployment, cache: Cache
) -> None:
    await cache.reserve(KEY, 1)
    embedder = open_embedder(deployment, cache, 1)  # a second for each token
    async with AsyncExitStack() as last:
        last.push_async_callback(embedder.close)
        leaving = [asyncio.create_task(embedder.embed_passages([words(50)])) for _ in range(5)]
        staying = asyncio.create_task(embedder.embed_passages(["word"]))
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.wait_for(staying, 10)
    assert [texts for _, texts in deployment.asked] == [["word"]]
