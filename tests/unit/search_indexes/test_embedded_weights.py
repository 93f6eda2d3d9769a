"""What others keep to themselves changes neither the order of passages nor, but for how long passages are on
average, their scores: a word that only others have is one that nobody has.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain import user_reader
from shared.search_indexes.embedded import EmbeddedSearchIndex
from tests.contract.search_index_cases import DIMENSION, ask, passage

ANN, BOB = (frozenset({user_reader(name)}) for name in ("ann", "bob"))
OF_ANN = [
    passage("first", content="the valve of the boiler", readers=ANN, angle=0.3),
    passage("second", content="the gauge of the boiler", readers=ANN, angle=0.3),
    passage("third", content="the boiler and its keeper", readers=ANN, angle=0.9),
]
QUESTIONS = (
    "valve gauge",
    "gauge valve",
    "boiler",
    "valve merger",
    "gauge unheard",
    "merger",
    "valve keeper",
)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[EmbeddedSearchIndex]:
    """Has what Ann may read, and nothing else."""
    index = EmbeddedSearchIndex(tmp_path, "alone", DIMENSION)
    await index.write(OF_ANN)
    yield index
    await index.close()


@pytest.fixture
async def crowded(tmp_path: Path) -> AsyncIterator[EmbeddedSearchIndex]:
    """Has a lot besides that is Bob's."""
    index = EmbeddedSearchIndex(tmp_path, "crowded", DIMENSION)
    for number in range(20):
        text = "the gauge and the keeper" if number % 2 else "the gauge of the merger"
        await index.write([passage(f"foreign{number}", content=text, readers=BOB, angle=0.4)])
    await index.write(OF_ANN)
    yield index
    await index.close()


async def found(index: EmbeddedSearchIndex, text: str, **more: Any) -> list[tuple[str, float]]:
    hits = await index.search(ask(text, readers=ANN, **more))
    return [(hit.chunk.document_id, hit.score) for hit in hits]


@pytest.mark.parametrize("mode", ["text", "hybrid"])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_what_others_have_changes_no_order_and_no_weight(
    question: str, mode: str, alone: EmbeddedSearchIndex, crowded: EmbeddedSearchIndex
) -> None:
    expected = await found(alone, question, mode=mode)
    told = await found(crowded, question, mode=mode)
    assert [name for name, _ in told] == [name for name, _ in expected]
    assert [score for _, score in told] == pytest.approx([score for _, score in expected], rel=0.25)


async def test_an_unshared_word_weighs_as_one_that_is_nowhere_at_once(crowded: EmbeddedSearchIndex) -> None:
    before = await found(crowded, "valve gauge", mode="text")
    await crowded.set_readers("foreign0", ANN)
    during = await found(crowded, "valve gauge merger", mode="text")
    assert during[0][0] == "foreign0"
    await crowded.set_readers("foreign0", BOB)
    assert await found(crowded, "valve gauge merger", mode="text") == before
