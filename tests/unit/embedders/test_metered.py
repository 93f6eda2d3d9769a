"""What is embedded is counted and priced, and what is not embedded is not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.caches.sqlite import SqliteCache
from shared.embedders.cached import CachedEmbedder
from shared.embedders.metered import MeteredEmbedder
from shared.errors import BackendUnavailable
from shared.telemetry.metrics import Metrics
from tests.stand_ins.hashing_embedder import HashingEmbedder


class Down(HashingEmbedder):
    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[list[float]]:
        raise BackendUnavailable("down")


def metered(embedder: HashingEmbedder, metrics: Metrics) -> MeteredEmbedder:
    """A word is a token, and a token costs a dollar."""
    return MeteredEmbedder(
        embedder,
        count_tokens=lambda text: len(text.split()),
        price=1e6,
        embedded=metrics.texts_embedded,
    )


def counted(metrics: Metrics) -> tuple[float | None, float | None]:
    values = [
        metrics.registry.get_sample_value(f"rag_embedding_{what}_total", {"model": "hashing"})
        for what in ("tokens", "cost_usd")
    ]
    return values[0], values[1]


async def test_passages_and_questions_are_counted() -> None:
    metrics = Metrics()
    embedder = metered(HashingEmbedder(), metrics)
    await embedder.embed_passages(["two words", "and three more"])
    await embedder.embed_query("one more question")
    assert counted(metrics) == (8, 8)


async def test_what_the_cache_knows_is_not_counted_again(tmp_path: Path) -> None:
    metrics, cache = Metrics(), SqliteCache(tmp_path / "cache.db", 1_000_000)
    embedder = CachedEmbedder(metered(HashingEmbedder(), metrics), cache, ttl=60)
    for _ in range(2):
        await embedder.embed_passages(["two words"])
    assert counted(metrics) == (2, 2)
    await cache.close()


async def test_what_fails_is_not_counted() -> None:
    metrics = Metrics()
    with pytest.raises(BackendUnavailable):
        await metered(Down(), metrics).embed_passages(["two words"])
    assert counted(metrics) == (None, None)
