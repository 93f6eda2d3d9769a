"""What `rag doctor` notices of an embedder or a model that answers, but not as it should."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from cli.doctor_models import check_chat_model, check_embedder
from shared.domain import ChatDelta
from shared.services import Services
from tests.stand_ins.half_broken import HalfBroken, answers
from tests.stand_ins.hashing_embedder import DIMENSION
from tests.unit.cli.doctor_words import told


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
