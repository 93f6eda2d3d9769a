"""What the cache of embeddings saves, and that nothing is lost by it."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from operator import mul
from pathlib import Path
from typing import Any

import pytest

from shared.caches.base import Cache
from shared.caches.sqlite import SqliteCache
from shared.embedders.base import Embedder
from shared.embedders.cached import CachedEmbedder
from shared.errors import BackendUnavailable
from tests.stand_ins.half_broken import HalfBroken, answers
from tests.stand_ins.hashing_embedder import HashingEmbedder


class Gated(HashingEmbedder):
    """Waits at its gate, if that is shut; `sound` passages are embedded, then it fails."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.sound = math.inf

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[list[float]]:
        embeddings = await super().embed_passages(texts, urgent=urgent)
        await self.gate.wait()
        if len(self.embedded) > self.sound:
            raise BackendUnavailable("out of reach")
        return embeddings


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[SqliteCache]:
    cache = SqliteCache(tmp_path / "embeddings.db", 10_000_000)
    yield cache
    await cache.close()


@pytest.fixture
def inner() -> Gated:
    return Gated()


class Counting(CachedEmbedder):
    """Adds up what it is told to have looked up."""

    def __init__(self, embedder: Embedder, cache: Cache) -> None:
        super().__init__(embedder, cache, ttl=60, looked_up=self.count)
        self.looked_up = {"passages": (0, 0), "questions": (0, 0)}

    def count(self, what: str, hits: int, misses: int) -> None:
        before = self.looked_up[what]
        self.looked_up[what] = (before[0] + hits, before[1] + misses)


@pytest.fixture
def embedder(inner: Gated, cache: SqliteCache) -> Counting:
    return Counting(inner, cache)


def same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(
        sum(map(mul, a, b)) > 0.9999 for a, b in zip(one, other, strict=True)
    )


async def until(claim: Any) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


async def test_a_passage_is_embedded_once_for_ever(
    embedder: Counting, inner: Gated, cache: SqliteCache
) -> None:
    texts = ["a river", "an invoice", "a river", ""]
    first = await embedder.embed_passages(texts)
    after_a_restart = Counting(inner, cache)
    again = await after_a_restart.embed_passages([*texts, "a holiday"])
    assert sorted(inner.embedded) == sorted({*texts, "a holiday"})
    assert same(first, (await HashingEmbedder().embed_passages(texts)))
    assert same(again[:-1], first)
    assert embedder.looked_up["passages"] == (0, 3)
    assert after_a_restart.looked_up["passages"] == (3, 1)


async def test_what_the_cache_gives_back_has_unit_length(embedder: Counting) -> None:
    text = " ".join(f"word{number}" for number in range(200))
    await embedder.embed_passages([text])
    (kept,) = await embedder.embed_passages([text])
    assert math.hypot(*kept) == pytest.approx(1, abs=1e-6)


async def test_another_model_or_dimension_finds_nothing(embedder: Counting, cache: SqliteCache) -> None:
    await embedder.embed_passages(["a river"])
    for change in ({"name": "other"}, {"dimension": 255}):
        other = Counting(HalfBroken(HashingEmbedder(), **change), cache)
        await other.embed_passages(["a river"])
        assert other.looked_up["passages"] == (0, 1)


async def test_what_is_not_valid_unicode_is_kept_too(cache: SqliteCache) -> None:
    model = HalfBroken(HashingEmbedder(), embed_passages=answers([[1.0] + [0.0] * 255]))
    embedder = Counting(model, cache)
    for _ in range(2):
        await embedder.embed_passages(["\ud800"])
    assert embedder.looked_up["passages"] == (1, 1)


async def test_what_is_urgent_goes_past_the_cache(embedder: Counting, inner: Gated) -> None:
    for _ in range(2):
        await embedder.embed_passages(["a sentence"], urgent=True)
    assert inner.embedded == ["a sentence"] * 2
    assert embedder.looked_up["passages"] == (0, 0)


async def test_a_question_is_embedded_once_and_always_the_same(cache: SqliteCache) -> None:
    asked = []

    async def embed_query(text: str) -> list[float]:
        asked.append(text)
        return await HashingEmbedder().embed_query(text)

    embedder = Counting(HalfBroken(HashingEmbedder(), embed_query=embed_query), cache)
    first, *others = [list(await embedder.embed_query("how long?")) for _ in range(3)]
    assert others == [first] * 2
    together = await asyncio.gather(*(embedder.embed_query("how wide?") for _ in range(5)))
    assert len(set(map(tuple, together))) == 1
    assert asked == ["how long?", "how wide?"]
    assert embedder.looked_up == {"passages": (0, 0), "questions": (2, 2)}


async def test_a_passage_and_a_question_of_one_text_are_two_things(embedder: Counting, inner: Gated) -> None:
    await embedder.embed_passages(["the same words"])
    await embedder.embed_query("the same words")
    assert embedder.looked_up == {"passages": (0, 1), "questions": (0, 1)}


@pytest.mark.parametrize("rubbish", [b"", b"\0", b"\0" * 512, b"\xff" * 512, b"\0\x3c" * 255])
async def test_what_is_no_embedding_is_made_anew(
    embedder: Counting, inner: Gated, cache: SqliteCache, rubbish: bytes
) -> None:
    broken = Counting(inner, HalfBroken(cache, get_many=answers([rubbish])))
    for each in (broken, broken, embedder, embedder):
        assert same(
            await each.embed_passages(["a river"]), await HashingEmbedder().embed_passages(["a river"])
        )
    assert len(inner.embedded) == 2


async def test_a_dead_cache_costs_embeddings_and_nothing_else(inner: Gated, tmp_path: Path) -> None:
    tmp_path.joinpath("cache.db").mkdir()
    cache = SqliteCache(tmp_path / "cache.db", 1_000_000)
    embedder = Counting(inner, cache)
    for _ in range(2):
        assert len(await embedder.embed_passages(["a", "b"])) == 2
    assert inner.embedded == ["a", "b"] * 2
    await cache.close()


async def test_texts_wanted_by_several_callers_at_once_are_embedded_once(
    embedder: Counting, inner: Gated
) -> None:
    inner.gate.clear()
    wanted = [[f"passage {(caller + number) % 9}" for number in range(6)] for caller in range(12)]
    callers = [asyncio.create_task(embedder.embed_passages(texts)) for texts in wanted]
    await until(lambda: len(inner.embedded) == 9)
    inner.gate.set()
    for texts, embeddings in zip(wanted, await asyncio.gather(*callers), strict=True):
        assert same(embeddings, await HashingEmbedder().embed_passages(texts))
    assert len(inner.embedded) == 9


async def test_another_caller_takes_over_where_one_leaves(embedder: Counting, inner: Gated) -> None:
    inner.gate.clear()
    leaving, staying = (asyncio.create_task(embedder.embed_passages(["a river"])) for _ in range(2))
    await until(lambda: len(inner.embedded) == 1)
    leaving.cancel()
    await asyncio.wait({leaving})
    await until(lambda: len(inner.embedded) == 2)
    inner.gate.set()
    assert len(await staying) == 1
    assert leaving.cancelled()


async def test_a_waiting_caller_that_leaves_takes_nothing_from_the_others(
    embedder: Counting, inner: Gated
) -> None:
    inner.gate.clear()
    working, leaving, staying = (asyncio.create_task(embedder.embed_passages(["a river"])) for _ in range(3))
    await until(lambda: len(inner.embedded) == 1)
    leaving.cancel()
    await asyncio.wait({leaving})
    inner.gate.set()
    assert same(await working, await staying)
    assert len(inner.embedded) == 1


async def test_a_failure_is_each_callers_own(embedder: Counting, inner: Gated) -> None:
    inner.gate.clear()
    inner.sound = 0
    callers = [asyncio.create_task(embedder.embed_passages(["a river"])) for _ in range(3)]
    await until(lambda: inner.embedded)
    inner.gate.set()
    assert [type(end) for end in await asyncio.gather(*callers, return_exceptions=True)] == [
        BackendUnavailable
    ] * 3
    inner.sound = math.inf
    assert len(await embedder.embed_passages(["a river"])) == 1


async def test_what_was_finished_before_a_failure_is_kept(embedder: Counting, inner: Gated) -> None:
    texts = [f"passage {number}" for number in range(200)]
    inner.sound = 128
    with pytest.raises(BackendUnavailable):
        await embedder.embed_passages(texts)
    inner.sound = math.inf
    await embedder.embed_passages(texts)
    assert embedder.looked_up["passages"] == (128, 264)
