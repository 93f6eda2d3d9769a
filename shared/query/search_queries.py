"""From a question to what the index is asked. Called by query.retrieve."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from shared.auth.access import filter_for
from shared.domain import Embedding, Principal, Question, SearchMode, SearchQuery
from shared.embedders.base import Embedder
from shared.errors import BackendUnavailable
from shared.metadata_stores.base import MetadataStore
from shared.telemetry import traces
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_MOST_DOCUMENTS = 10_000  # that an index is told to search
_EMBEDDING_SHARE, _EMBEDDING_MOST = 0.4, 4.0  # of the time, and seconds, until words have to do


@dataclass(frozen=True, kw_only=True)
class Asked:
    queries: tuple[SearchQuery, ...]  # none: no document fits
    is_wide: bool = False  # more documents fit than an index can be told: it answers with others too
    by_words_alone: bool = False


async def search_queries(
    question: Question,
    principal: Principal,
    texts: Sequence[str],
    *,
    embedder: Embedder,
    metadata: MetadataStore,
    timeout: float,
) -> Asked:
    """One per text. `timeout` in seconds. Errors: `BackendUnavailable`."""
    document_ids = await _document_ids(question, principal, metadata)
    if document_ids is not None and not document_ids:
        return Asked(queries=())
    embeddings = await _embeddings(texts, question.mode, embedder, timeout)
    queries = tuple(
        SearchQuery(
            text=text,
            embedding=embedding,
            top_k=question.top_k,
            readers=filter_for(principal),
            mode=question.mode,
            document_ids=document_ids,
        )
        for text, embedding in zip(texts, embeddings or repeat(None), strict=False)
    )
    return Asked(
        queries=queries,
        is_wide=document_ids is None and question.filters is not None,
        by_words_alone=embeddings is None and question.mode != "text",
    )


async def _document_ids(
    question: Question, principal: Principal, metadata: MetadataStore
) -> frozenset[str] | None:
    """None: the index is not told."""
    if question.filters is None:
        return question.document_ids
    fitting = await metadata.matching(question.filters, readers=filter_for(principal), limit=_MOST_DOCUMENTS)
    if fitting is None or question.document_ids is None:
        return question.document_ids if fitting is None else frozenset(fitting)
    return question.document_ids.intersection(fitting)


async def _embeddings(
    texts: Sequence[str], mode: SearchMode, embedder: Embedder, timeout: float
) -> Sequence[Embedding] | None:
    """None where none are needed, or words have to do. Errors in mode vector: `BackendUnavailable`."""
    if mode == "text":
        return None
    patience = min(_EMBEDDING_SHARE * timeout, _EMBEDDING_MOST) if mode == "hybrid" else timeout
    try:
        with traces.model_call("embeddings", embedder.name):
            async with asyncio.timeout(patience):
                return await asyncio.gather(*map(embedder.embed_query, texts))
    except (BackendUnavailable, TimeoutError) as error:
        if mode == "vector":
            raise
        event(log, "searched_by_words_alone", level=logging.WARNING, reason=type(error).__name__)
        return None
