"""What every `Embedder` promises."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.caches.sqlite import SqliteCache
from shared.domain import Embedding
from shared.embedders.azure_openai import AzureOpenAIEmbedder
from shared.embedders.base import Embedder
from shared.embedders.budgeted import BudgetedEmbedder
from shared.embedders.cached import CachedEmbedder
from shared.embedders.onnx import OnnxEmbedder
from tests.stand_ins.openai_server import EMBEDDING, OpenAIServer
from tests.stand_ins.weights import multilingual_weights, weights  # noqa: F401 - fixtures

pytestmark = pytest.mark.embedder


@pytest.fixture(params=["minilm", "e5", "azure_openai", "budgeted and cached"])
async def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedder]:
    if request.param in ("minilm", "e5"):
        yield request.getfixturevalue(request.param)
        return
    embedder: Embedder = AzureOpenAIEmbedder(
        endpoint=request.getfixturevalue("server").endpoint,
        deployment=EMBEDDING,
        api_version="2024-10-21",
        dimension=256,
        credential="any",
    )
    cache = SqliteCache(tmp_path / "cache.db", 10_000_000)
    if request.param == "budgeted and cached":
        embedder = CachedEmbedder(budgeted(embedder, cache), cache, ttl=60)
    yield embedder
    await embedder.close()
    await cache.close()


def budgeted(embedder: Embedder, cache: SqliteCache) -> Embedder:
    rate = {"tokens_per_minute": 10_000_000, "requests_per_minute": 60_000}
    return BudgetedEmbedder(embedder, cache, name=EMBEDDING, count_tokens=len, **rate)


@pytest.fixture(scope="module")
def minilm(weights: Path) -> Iterator[Embedder]:  # noqa: F811
    yield from loaded(weights)


@pytest.fixture(scope="module")
def e5(multilingual_weights: Path) -> Iterator[Embedder]:  # noqa: F811
    yield from loaded(multilingual_weights)


def loaded(folder: Path) -> Iterator[Embedder]:
    """Once for all tests: it takes a while, and needs no event loop of its own."""
    embedder = OnnxEmbedder(folder, threads=1)
    yield embedder
    asyncio.run(embedder.close())


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def cosine(one: Embedding, other: Embedding) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_embeddings_have_unit_length_and_the_stated_dimension(embedder: Embedder) -> None:
    embeddings = [
        *await embedder.embed_passages(["A passage.", "Another"]),
        await embedder.embed_query("Why?"),
    ]
    for embedding in embeddings:
        assert len(embedding) == embedder.dimension
        assert cosine(embedding, embedding) == pytest.approx(1, abs=1e-4)


async def test_embeddings_come_back_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = [f"Rule {number}: " + "the river is wide, " * (number * 7 % 20) for number in range(21)]
    together = await embedder.embed_passages(texts)
    alone = [(await embedder.embed_passages([text]))[0] for text in texts]
    # A batch shares its activation scale, so a text's embedding moves a little with its company.
    for index, embedding in enumerate(alone):
        assert max(range(21), key=lambda other: cosine(embedding, together[other])) == index


async def test_no_texts_give_no_embeddings(embedder: Embedder) -> None:
    assert await embedder.embed_passages([]) == []


async def test_a_question_is_nearest_to_the_passage_that_answers_it(embedder: Embedder) -> None:
    passages = await embedder.embed_passages(
        [
            "Employees may carry over five days of annual leave into the next year.",
            "The cafeteria serves lunch between noon and two o'clock.",
            "Backups of the database are taken every night and kept for 30 days.",
        ]
    )
    question = await embedder.embed_query("How many holidays can I keep for next year?")
    scores = [cosine(question, passage) for passage in passages]
    assert max(scores) == scores[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\ud800 lone surrogate",
        "nul \0 inside",
        "🙂" * 50,
        "ﷺ ﬁ ① ẛ̣",
        "\u202eright to left",
        "x" * 500_000,
    ],
    ids=["empty", "blank", "surrogate", "nul", "emoji", "compatibility", "bidi", "long"],
)
async def test_any_text_can_be_embedded(embedder: Embedder, text: str) -> None:
    (passage,) = await embedder.embed_passages([text])
    question = await embedder.embed_query(text)
    for embedding in (passage, question):
        assert all(math.isfinite(value) for value in embedding)
        assert cosine(embedding, embedding) == pytest.approx(1, abs=1e-4)


async def test_many_callers_at_once_each_get_their_own(embedder: Embedder) -> None:
    words = ["river", "invoice", "holiday", "database", "kitchen", "guitar"]
    questions = await asyncio.gather(*(embedder.embed_query(word) for word in words))
    again = await asyncio.gather(*(embedder.embed_query(word) for word in words))
    assert [list(embedding) for embedding in questions] == [list(embedding) for embedding in again]
    assert len({tuple(embedding) for embedding in questions}) == len(words)


async def test_the_name_says_which_model_it_is(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.name == embedder.name.strip()
