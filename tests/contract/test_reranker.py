"""What every `Reranker` promises."""

import pytest

from shared.domain import Chunk, Passage
from shared.rerankers.base import Reranker
from shared.rerankers.sentences import SentenceReranker
from tests.stand_ins.hashing_embedder import HashingEmbedder

FILLER = (
    "The company was founded in a small town and has grown every year since then without a loss of its calm."
)


@pytest.fixture(params=["sentences"])
def reranker() -> Reranker:
    return SentenceReranker(HashingEmbedder())


def passage(content: str) -> Passage:
    chunk = Chunk(
        id="d.1.1", document_id="d", version=1, ordinal=1, page=1, title="", heading="", content=content
    )
    return Passage(marker=1, chunk=chunk, document_name="d.txt", page_kind="page", score=1.0)


async def test_every_passage_gets_a_score_whatever_it_holds(reranker: Reranker) -> None:
    contents = ["", "...", "| a | b |\n|---|---|", "One. " * 500, "保修期为七年。运输费用由制造商承担。"]
    scores = await reranker.scores("How long?", [passage(content) for content in contents])
    assert len(scores) == len(contents)
    assert await reranker.scores("How long?", []) == []


async def test_the_passage_with_the_answering_sentence_scores_highest(reranker: Reranker) -> None:
    answer = (
        "The warranty of the pump lasts seven years from the day of its delivery to the customer on site."
    )
    passages = [passage(FILLER), passage("Nothing else."), passage(f"{FILLER} {answer} {FILLER}")]
    scores = await reranker.scores("How long does the warranty of the pump last?", passages)
    assert max(scores) == scores[2]


async def test_of_equal_passages_the_earlier_scores_higher(reranker: Reranker) -> None:
    first, second = await reranker.scores("How long?", [passage(FILLER), passage(FILLER)])
    assert first > second


def test_its_depth_is_what_a_search_can_give(reranker: Reranker) -> None:
    assert 2 <= reranker.depth <= 50
