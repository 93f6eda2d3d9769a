"""What `rag doctor` notices of an embedder, an index or a model that answers, but not as it should."""

import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from cli import doctor_models
from cli.doctor_models import check_chat_model, check_embedder, check_index_record, check_search_index
from shared.domain import ChatDelta, IndexVersion
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.services import Services
from tests.stand_ins.half_broken import HalfBroken, answers
from tests.stand_ins.hashing_embedder import DIMENSION
from tests.unit.cli.doctor_words import levels, told


@pytest.mark.parametrize(
    ("embedding", "fault"),
    [
        ([1.0, 0.0], "2 numbers where 256"),
        ([1.0] * DIMENSION, "length 16 "),
        ([0.0] * DIMENSION, "length 0 "),
        ([float("nan")] * DIMENSION, "length nan "),
    ],
)
async def test_embeddings_that_do_not_fit_fail(
    services: Services, embedding: list[float], fault: str
) -> None:
    embedder: Any = HalfBroken(services.embedder, embed_query=answers(embedding))
    assert fault in await told(check_embedder(embedder), "FAIL")


@pytest.mark.parametrize(
    ("embedder", "dimension", "expected"),
    [("hashing", DIMENSION, "ok"), ("another", DIMENSION, "FAIL"), ("hashing", 8, "FAIL")],
)
async def test_an_index_that_another_embedder_filled_fails_with_the_way_out(
    services: Services, embedder: str, dimension: int, expected: str
) -> None:
    await services.metadata.record_index(
        IndexVersion(name="documents", embedder=embedder, dimension=dimension, created_at=time.time())
    )
    check = check_index_record(services.metadata, services.search_index, services.embedder)
    message = await told(check, expected)
    assert ("RAG_INDEX_NAME" in message) == (expected == "FAIL")


async def test_an_index_with_another_dimension_fails(services: Services, tmp_path: Path) -> None:
    assert await levels(check_search_index(services.search_index)) == ["ok", "ok"]
    other = EmbeddedSearchIndex(tmp_path / "index", "documents", 8)
    message = await told(check_search_index(other), "FAIL")
    await other.close()
    assert "256" in message


async def test_an_index_that_does_not_find_what_was_written_fails(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_models, "_VISIBLE_WITHIN", 0.2)
    index: Any = HalfBroken(services.search_index, search=answers([]))
    assert "cannot be found" in await told(check_search_index(index), "FAIL")
    assert await services.search_index.count() == 0


class SaysOnly:
    name = "parrot"

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    async def stream(self, prompt: object, *, timeout: float) -> AsyncGenerator[ChatDelta, None]:
        for piece in self._pieces:
            yield ChatDelta(text=piece)

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [(("Six ", "months [1]."), "ok"), (("Six months.",), "warn"), (("",), "FAIL"), ((), "FAIL")],
)
async def test_a_model_answers_and_cites(pieces: tuple[str, ...], expected: str) -> None:
    assert "parrot" in await told(check_chat_model(SaysOnly(*pieces)), expected)
