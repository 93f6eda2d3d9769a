"""From a question to the passages its asker may read. Called by query.answer and `POST /api/search`."""

import asyncio
from collections.abc import Mapping

from shared.auth.access import filter_for, may_read
from shared.domain import Document, Embedding, Hit, Passage, Principal, Question, SearchQuery
from shared.errors import AccessDenied, BackendTimeout
from shared.metadata_stores.base import MetadataStore
from shared.shelf import IndexShelf, OpenIndex

# How many hits are asked for, as multiples of top_k, until enough of them pass `authorise`: during a
# re-upload old and new versions of a document stand side by side in the index. The last is for a version
# that was published between searching and authorising: then the index has its successor by now.
_DEPTHS = (3, 12, 12)


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
) -> list[Passage]:
    """At most `top_k` passages of current versions that the principal may read, best first.

    `timeout` in seconds for all of it. Errors: `BackendTimeout`; `BackendUnavailable` also when the metadata
    store cannot be asked: never unfiltered.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _search(question, principal, index, metadata)
    except TimeoutError as error:
        raise BackendTimeout(f"the documents could not be searched within {timeout:.0f} s") from error


async def _search(
    question: Question, principal: Principal, index: OpenIndex, metadata: MetadataStore
) -> list[Passage]:
    embedding = None if question.mode == "text" else await index.embedder.embed_query(question.text)
    passages: list[Passage] = []
    for depth in _DEPTHS:
        wanted = question.top_k * depth
        hits = await index.search_index.search(_query(question, principal, embedding, wanted))
        documents = await metadata.documents(list({hit.chunk.document_id for hit in hits}))
        passages = authorised(hits, documents, principal, index=index.name)
        has_all = len(hits) < wanted and not _is_outdated(hits, documents, index=index.name)
        if len(passages) >= question.top_k or has_all:
            break
    return passages[: question.top_k]


def authorised(
    hits: list[Hit], documents: Mapping[str, Document], principal: Principal, *, index: str
) -> list[Passage]:
    """The hits that the metadata store, the authority, lets through, numbered from 1.

    Whatever the index says: only the version of a document that this index may show, and only for its
    readers.
    """
    allowed = [
        (hit, document)
        for hit in hits
        if (document := documents.get(hit.chunk.document_id)) is not None
        and document.version_in(index) == hit.chunk.version
        and may_read(principal, document)
    ]
    return [_passage(marker, hit, document) for marker, (hit, document) in enumerate(allowed, start=1)]


def _is_outdated(hits: list[Hit], documents: Mapping[str, Document], *, index: str) -> bool:
    """Whether a newer version of a hit's document has been published."""
    return any(
        (document := documents.get(hit.chunk.document_id)) is not None
        and document.version_in(index) > hit.chunk.version
        for hit in hits
    )


def _query(question: Question, principal: Principal, embedding: Embedding | None, wanted: int) -> SearchQuery:
    return SearchQuery(
        text=question.text,
        embedding=embedding,
        top_k=wanted,
        readers=filter_for(principal),
        mode=question.mode,
        document_ids=question.document_ids,
    )


def _passage(marker: int, hit: Hit, document: Document) -> Passage:
    return Passage(
        marker=marker,
        chunk=hit.chunk,
        document_name=document.name,
        page_kind=document.page_kind,
        score=hit.score,
    )
