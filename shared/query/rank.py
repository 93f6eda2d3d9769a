"""What happens to rankings between the index and the prompt. Called by query.retrieve."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from shared.domain import Hit, Passage
from shared.errors import BackendUnavailable
from shared.query.duplicates import Distinct
from shared.rerankers.base import Reranker
from shared.search_indexes.base import SearchIndex
from shared.telemetry import traces
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_RRF_K = 60  # Cormack, Clarke and Büttcher, SIGIR 2009
_WITH_NEIGHBOURS = 3  # best passages that bring them along


def fused(rankings: Sequence[Sequence[Hit]]) -> Sequence[Hit]:
    """Reciprocal rank fusion: the sum of 1 / (60 + rank), ranks from 1; ties to the earlier ranking.

    One ranking stays what it is, with its own scores.
    """
    if len(rankings) == 1:
        return rankings[0]
    hits: dict[str, Hit] = {}
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            hits.setdefault(hit.chunk.id, hit)
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + 1.0 / (_RRF_K + rank)
    best = sorted(hits, key=lambda chunk_id: -scores[chunk_id])
    return [replace(hits[chunk_id], score=scores[chunk_id]) for chunk_id in best]


async def reranked(
    question: str, passages: Sequence[Passage], reranker: Reranker, *, timeout: float
) -> list[Passage]:
    """The first `reranker.depth` in its order; in their own where it fails or takes longer than `timeout`."""
    first, rest = passages[: reranker.depth], passages[reranker.depth :]
    if len(first) < 2:
        return list(passages)
    try:
        with traces.span("query.rerank"):
            async with asyncio.timeout(timeout):
                scores = await reranker.scores(question, first)
    except (BackendUnavailable, TimeoutError) as error:
        event(log, "not_reranked", level=logging.WARNING, reason=type(error).__name__)
        return list(passages)
    ranked = sorted(zip(scores, first, strict=True), key=lambda pair: -pair[0])
    return [*(passage for _, passage in ranked), *rest]


async def with_neighbours(passages: Sequence[Passage], index: SearchIndex, reach: int) -> list[Passage]:
    """The best few with the chunks around them right behind them, each a passage of its own.

    They are of the same version of the same document, so whoever may read the one may read the other.
    """
    anchors = passages[:_WITH_NEIGHBOURS]
    around = await asyncio.gather(
        *(index.neighbours(passage.chunk.id, before=reach, after=reach) for passage in anchors)
    )
    found = {passage.chunk.id: passage for passage in passages}
    distinct = Distinct()
    for passage in passages:
        distinct.adds(passage.chunk.content)
    order: dict[str, Passage] = {}
    for passage, indexed in zip(anchors, around, strict=True):
        order.setdefault(passage.chunk.id, passage)
        for chunk in (each.chunk for each in indexed):
            is_same_version = (chunk.document_id, chunk.version) == (
                passage.chunk.document_id,
                passage.chunk.version,
            )
            if is_same_version and (chunk.id in found or distinct.adds(chunk.content)):
                order.setdefault(chunk.id, found.get(chunk.id) or replace(passage, chunk=chunk))
    return [*order.values(), *(passage for passage in passages if passage.chunk.id not in order)]
