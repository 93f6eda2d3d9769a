"""Rankings are fused, put in another order and widened, without losing or doubling a passage."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.domain import Chunk, Hit, IndexedChunk, Passage
from shared.errors import BackendUnavailable
from shared.query import rank


def chunk(ordinal: int, *, document: str = "d", version: int = 1, content: str | None = None) -> Chunk:
    return Chunk(
        id=f"{document}.{version}.{ordinal}",
        document_id=document,
        version=version,
        ordinal=ordinal,
        page=ordinal + 1,
        title="Title",
        heading="",
        content=content or f"passage number {ordinal} of {document}",
    )


def hits(*ordinals: int) -> list[Hit]:
    return [Hit(chunk=chunk(ordinal), score=9.0 - ordinal) for ordinal in ordinals]


def passage(of: Chunk, score: float = 1.0) -> Passage:
    return Passage(marker=1, chunk=of, document_name="d.txt", page_kind="page", score=score)


def ordinals(found: Sequence[Passage | Hit]) -> list[int]:
    return [each.chunk.ordinal for each in found]


def test_what_several_rankings_hold_comes_before_what_leads_one() -> None:
    found = rank.fused([hits(1, 2, 3), hits(4, 2, 5), hits(6, 2)])
    assert ordinals(found)[0] == 2
    assert found[0].score == pytest.approx(3 / 62)
    assert ordinals(found) == [2, 1, 4, 6, 3, 5]  # of equal ones the earlier ranking's first


def test_one_ranking_keeps_its_scores() -> None:
    assert rank.fused([hits(1, 2)]) == hits(1, 2)


class Scoring:
    depth = 3

    def __init__(self, *scores: float, error: Exception | None = None, hangs: bool = False) -> None:
        self._scores, self._error, self._hangs = scores, error, hangs

    async def scores(self, question, passages):
        if self._hangs:
            await asyncio.Event().wait()
        if self._error:
            raise self._error
        return list(self._scores[: len(passages)])

    async def close(self) -> None:
        pass


PASSAGES = [passage(chunk(ordinal)) for ordinal in range(5)]


async def test_the_first_passages_take_the_rerankers_order() -> None:
    found = await rank.reranked("?", PASSAGES, Scoring(0.1, 0.3, 0.2), timeout=5)
    assert ordinals(found) == [1, 2, 0, 3, 4]


@pytest.mark.parametrize("reranker", [Scoring(error=BackendUnavailable("down")), Scoring(hangs=True)])
async def test_the_order_stays_when_the_reranker_fails_or_is_slow(reranker: Scoring) -> None:
    assert await rank.reranked("?", PASSAGES, reranker, timeout=0.05) == PASSAGES


class Adjoining:
    """The chunks around one of a document of ten, as an index finds them; `changed` replaces some."""

    def __init__(self, **changed: Chunk) -> None:
        self._changed = changed

    async def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[IndexedChunk]:
        document, version, at = chunk_id.split(".")
        around = [n for n in range(int(at) - before, int(at) + after + 1) if n != int(at) and 0 <= n < 10]
        found = [chunk(n, document=document, version=int(version)) for n in around]
        return [
            IndexedChunk(chunk=self._changed.get(f"n{each.ordinal}", each), embedding=(), readers=frozenset())
            for each in found
        ]


async def widened(*anchors: int, reach: int = 1, **changed: Chunk) -> list[Passage]:
    found = [passage(chunk(ordinal), score=10.0 - ordinal) for ordinal in anchors]
    return await rank.with_neighbours(found, Adjoining(**changed), reach)


async def test_neighbours_follow_their_hit_as_passages_of_their_own_page() -> None:
    found = await widened(5)
    assert ordinals(found) == [5, 4, 6]
    assert [each.chunk.page for each in found] == [6, 5, 7]


async def test_only_the_best_hits_bring_neighbours_and_no_passage_comes_twice() -> None:
    found = await widened(1, 2, 8, 5)
    assert ordinals(found) == [1, 0, 2, 3, 8, 7, 9, 5]
    assert found[2].score == 8.0  # a hit that is a neighbour stays the hit it is


async def test_a_neighbour_that_repeats_what_is_there_stays_away() -> None:
    assert ordinals(await widened(5, n6=chunk(6, content=chunk(5).content))) == [5, 4]


@pytest.mark.parametrize(
    "stranger", [chunk(6, document="other"), chunk(6, version=2)], ids=["document", "version"]
)
async def test_what_is_not_of_the_hits_own_version_is_not_shown(stranger: Chunk) -> None:
    assert ordinals(await widened(5, n6=stranger)) == [5, 4]
