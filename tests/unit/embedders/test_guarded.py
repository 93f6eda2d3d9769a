import asyncio
from collections.abc import Sequence

import pytest

from shared.breaker import Guard
from shared.domain import Embedding
from shared.embedders.guarded import GuardedEmbedder
from shared.errors import BackendTimeout, BackendUnavailable
from shared.telemetry.metrics import Metrics


class Flaky:
    """Fails so many calls, after a pause each."""

    name, dimension = "flaky", 2

    def __init__(self, failures: int, pause: float = 0.0) -> None:
        self.failures, self.pause = failures, pause
        self.calls: list[tuple[int, bool]] = []  # texts, and whether they were urgent

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        self.calls.append((len(texts), urgent))
        await asyncio.sleep(self.pause)
        self.failures -= 1
        if self.failures >= 0:
            raise BackendUnavailable("reset")
        return [[1.0, 0.0]] * len(texts)

    async def embed_query(self, text: str) -> Embedding:
        return (await self.embed_passages([text], urgent=True))[0]

    async def close(self) -> None:
        pass


def guarded(embedder: Flaky, timeout: float = 5.0) -> tuple[GuardedEmbedder, Guard]:
    guard = Guard("embedder", Metrics())
    return GuardedEmbedder(embedder, guard, timeout=timeout), guard


async def test_what_is_urgent_is_asked_for_once_more() -> None:
    flaky = Flaky(failures=1)
    embedder, _ = guarded(flaky)
    assert await embedder.embed_query("Why?") == [1.0, 0.0]
    flaky.failures = 1
    assert len(await embedder.embed_passages(["a", "b"], urgent=True)) == 2
    assert flaky.calls == [(1, True), (1, True), (2, True), (2, True)]


async def test_ingestion_is_neither_retried_nor_turned_away() -> None:
    flaky = Flaky(failures=20)
    embedder, guard = guarded(flaky)
    for _ in range(10):
        with pytest.raises(BackendUnavailable):
            await embedder.embed_passages(["a"])
    assert len(flaky.calls) == 10
    assert not guard.breaker.is_open
    await asyncio.gather(*(embedder.embed_query("Why?") for _ in range(5)), return_exceptions=True)
    assert guard.breaker.is_open
    flaky.failures = 0
    assert await embedder.embed_passages(["a"]) == [[1.0, 0.0]]


async def test_a_question_waits_no_longer_than_it_may() -> None:
    embedder, _ = guarded(Flaky(failures=0, pause=60), timeout=0.2)
    with pytest.raises(BackendTimeout):
        await embedder.embed_query("Why?")
