"""From a question to the passages its asker may read. Called by query.answer and `POST /api/search`."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.auth.access import filter_for, may_read
from shared.domain import Document, Filters, Hit, Passage, Principal, Question
from shared.errors import AccessDenied, BackendTimeout
from shared.metadata_stores.base import MetadataStore
from shared.query.duplicates import Distinct
from shared.query.filters import fits
from shared.query.rank import fused, reranked, with_neighbours
from shared.query.search_queries import Asked, search_queries
from shared.rerankers.base import Reranker
from shared.shelf import IndexShelf, OpenIndex
from shared.telemetry import traces

# How many hits are asked for, as multiples of what is wanted, until enough of them pass `authorised` and say
# something of their own: during a re-upload old and new versions of a document stand side by side in the
# index. The last is for a version that was published between searching and authorising: then the index has
# its successor by now.
_DEPTHS = (3, 12, 12)
_WIDE_DEPTHS = (12, 50, 50)  # where the index cannot be told which documents fit
_DEEPEST = 1_000  # hits


@dataclass(frozen=True, kw_only=True)
class Found:
    passages: tuple[Passage, ...]  # authorised, best first, markers from 1
    by_words_alone: bool = False  # the question could not be embedded


async def asked_index(question: Question, principal: Principal, shelf: IndexShelf) -> OpenIndex:
    """The live one, or the one that an administrator names. Errors: `AccessDenied`, `NotFound`."""
    if question.index is None:
        return await shelf.live()
    if not principal.is_administrator:
        raise AccessDenied("only administrators may name an index")
    return await shelf.named(question.index)


async def search(
    question: Question,
    principal: Principal,
    *,
    index: OpenIndex,
    metadata: MetadataStore,
    timeout: float,
    neighbours: int = 0,
    queries: Sequence[str] = (),
    reranker: Reranker | None = None,
) -> Found:
    """At most `top_k` passages of current versions that the principal may read, best first; behind the very
    best of them their adjoining chunks, `neighbours` on each side.

    `queries`: other texts that are searched for beside the question's. `timeout` in seconds for all of it.
    Errors: `BackendTimeout`; `BackendUnavailable` also when the metadata store cannot be asked: never
    unfiltered.
    """
    deadline = time.monotonic() + timeout
    wanted = max(question.top_k, reranker.depth if reranker else 0)
    try:
        async with asyncio.timeout(timeout):
            texts = (question.text, *queries)
            asked = await search_queries(
                question, principal, texts, embedder=index.embedder, metadata=metadata, timeout=timeout
            )
            passages = await _passages(
                asked, question, principal, index=index, metadata=metadata, wanted=wanted
            )
            if reranker is not None:
                left = deadline - time.monotonic()
                passages = await reranked(question.text, passages, reranker, timeout=left / 2)
            best = passages[: question.top_k]
            if neighbours:
                best = await with_neighbours(best, index.search_index, neighbours)
    except TimeoutError as error:
        raise BackendTimeout(f"the documents could not be searched within {timeout:.0f} s") from error
    numbered = (replace(passage, marker=marker) for marker, passage in enumerate(best, start=1))
    return Found(passages=tuple(numbered), by_words_alone=asked.by_words_alone)


async def _passages(
    asked: Asked,
    question: Question,
    principal: Principal,
    *,
    index: OpenIndex,
    metadata: MetadataStore,
    wanted: int,
) -> list[Passage]:
    """Those that say something of their own: `wanted` of them, if there are so many."""
    passages: list[Passage] = []
    for depth in (_WIDE_DEPTHS if asked.is_wide else _DEPTHS) if asked.queries else ():
        top_k = min(wanted * depth, _DEEPEST)
        deep = (replace(query, top_k=top_k) for query in asked.queries)
        with traces.span("query.search", attributes={"rag.index": index.name, "rag.top_k": top_k}):
            rankings = await asyncio.gather(*map(index.search_index.search, deep))
        hits = fused(rankings)
        with traces.span("query.authorise", attributes={"rag.hits": len(hits)}):
            documents = await metadata.documents(list({hit.chunk.document_id for hit in hits}))
            allowed = authorised(hits, documents, principal, index=index.name, filters=question.filters)
            passages = _distinct(allowed, wanted)
        is_all = all(len(ranking) < top_k for ranking in rankings)
        if len(passages) == wanted or (is_all and not _is_outdated(hits, documents, index=index.name)):
            break
    return passages


def _distinct(passages: Iterable[Passage], wanted: int) -> list[Passage]:
    """The first `wanted` that do not repeat a better one."""
    distinct = Distinct()
    kept: list[Passage] = []
    for passage in passages:
        if len(kept) == wanted:
            break
        if distinct.adds(passage.chunk.content):
            kept.append(passage)
    return kept


def authorised(
    hits: Sequence[Hit],
    documents: Mapping[str, Document],
    principal: Principal,
    *,
    index: str,
    filters: Filters | None = None,
) -> Iterator[Passage]:
    """The hits that the metadata store, the authority, lets through, numbered from 1.

    Whatever the index says: only the version of a document that this index may show, only for its readers,
    and only of documents that fit.
    """
    shown = {
        (document.id, document.version_in(index)): document
        for document in documents.values()
        if may_read(principal, document) and (filters is None or fits(document, filters))
    }
    readers = filter_for(principal)
    allowed = (
        (hit, document)
        for hit in hits
        if (document := shown.get((hit.chunk.document_id, hit.chunk.version))) is not None
    )
    return (
        _passage(marker, hit, document, document.readers & readers)
        for marker, (hit, document) in enumerate(allowed, start=1)
    )


def _is_outdated(hits: Sequence[Hit], documents: Mapping[str, Document], *, index: str) -> bool:
    """Whether a newer version of a hit's document has been published."""
    return any(
        (document := documents.get(hit.chunk.document_id)) is not None
        and document.version_in(index) > hit.chunk.version
        for hit in hits
    )


def _passage(marker: int, hit: Hit, document: Document, rights: frozenset[str]) -> Passage:
    return Passage(
        marker=marker,
        chunk=hit.chunk,
        document_name=document.name,
        page_kind=document.page_kind,
        score=hit.score,
        rights=rights,
    )
