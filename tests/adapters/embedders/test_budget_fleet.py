"""Several processes drain a backlog through one deployment that enforces its quota."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shared.caches.redis import RedisCache
from shared.embedders.azure_openai import AzureOpenAIEmbedder
from shared.embedders.budgeted import BudgetedEmbedder
from tests.contract.openers import in_processes
from tests.servers import redis
from tests.stand_ins.openai_embeddings import count_tokens
from tests.stand_ins.openai_server import EMBEDDING, OpenAIServer

pytestmark = pytest.mark.slow

TASKS = 4
PASSAGES = 10  # in a document
PASSAGE = "a rule of ours " * 6  # 24 tokens
TOKENS = PASSAGES * count_tokens(PASSAGE)  # in a document


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What every process of it is told."""

    endpoint: str
    redis: str
    prefix: str
    tokens_per_minute: int


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def fleet(server: OpenAIServer, tmp_path: Path) -> Fleet:
    return Fleet(endpoint=server.endpoint, redis=redis.address(), prefix=f"{tmp_path}:", tokens_per_minute=0)


@asynccontextmanager
async def opened(fleet: Fleet) -> AsyncIterator[BudgetedEmbedder]:
    cache = RedisCache(url=fleet.redis, prefix=fleet.prefix, patience=10)
    deployment = AzureOpenAIEmbedder(
        endpoint=fleet.endpoint,
        deployment=EMBEDDING,
        api_version="2024-10-21",
        dimension=64,
        credential="key",
    )
    embedder = BudgetedEmbedder(
        deployment,
        cache,
        name=EMBEDDING,
        tokens_per_minute=fleet.tokens_per_minute,
        requests_per_minute=0,
        count_tokens=count_tokens,
    )
    try:
        yield embedder
    finally:
        await embedder.close()
        await cache.close()


def drain_in_process(fleet: Fleet, documents: int) -> tuple[float, float]:
    """When the first document was begun and the last was done."""

    async def run() -> tuple[float, float]:
        backlog = list(range(documents))

        async def work(embedder: BudgetedEmbedder) -> None:
            while backlog:
                number = backlog.pop()
                await embedder.embed_passages([f"{PASSAGE} {number}"] * PASSAGES)

        async with opened(fleet) as embedder:
            await embedder.embed_query("a first call loads what it needs")
            began = time.time()
            await asyncio.gather(*(work(embedder) for _ in range(TASKS)))
            return began, time.time()

    return asyncio.run(run())


async def test_a_backlog_drains_at_the_budgets_rate_while_questions_are_answered_at_once(
    server: OpenAIServer, fleet: Fleet
) -> None:
    documents, quota = 300, 450_000
    server.behave(embedding_tokens_per_minute=quota)
    fleet = replace(fleet, tokens_per_minute=quota)
    draining = asyncio.create_task(in_processes(drain_in_process, [(fleet, documents // 2)] * 2))
    waited = []
    async with opened(fleet) as embedder:
        await embedder.embed_query("Why?")  # which imports the client, too
        while not draining.done():
            began = time.monotonic()
            await embedder.embed_query("Why?")
            waited.append(time.monotonic() - began)
            await asyncio.wait({draining}, timeout=0.2)
    spans = await draining
    seconds = max(ended for _, ended in spans) - min(began for began, _ in spans)
    rate = 60 * documents * (TOKENS + PASSAGES) / seconds
    print(f"{rate / quota:.1%} of the quota, {server.quota.refused} refusals, questions {max(waited):.2f} s")
    assert 0.85 <= rate / quota <= 1
    assert server.quota.refused <= 3
    assert max(waited) < 3


@pytest.mark.parametrize("told", [0, 600_000], ids=["unknown", "told too much"])
async def test_a_backlog_drains_though_nobody_knows_the_quota(
    server: OpenAIServer, fleet: Fleet, told: int
) -> None:
    documents, quota = 60, 120_000
    server.behave(embedding_tokens_per_minute=quota)
    fleet = replace(fleet, tokens_per_minute=told)
    await in_processes(drain_in_process, [(fleet, documents // 2)] * 2)
    print(f"{server.quota.refused} refusals of {len(server.requests)} requests")
    assert len(server.requests) - server.quota.refused == documents + 2  # with the first calls
    assert server.quota.refused <= documents / 2
