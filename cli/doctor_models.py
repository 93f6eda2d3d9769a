"""The checks of `rag doctor` on what finds and answers: embedder, search index, chat models."""

import asyncio
import math
import random
import time
from contextlib import aclosing
from uuid import uuid4

from cli.doctor_findings import TIDY_SECONDS, Check, fail, ok, until, warn
from shared.chat_models.base import ChatModel
from shared.domain import Chunk, Embedding, IndexedChunk, Passage, SearchQuery
from shared.embedders.base import Embedder
from shared.metadata_stores.base import IndexVersionStore
from shared.query.prompt import build
from shared.search_indexes.base import SearchIndex

_SENTENCE = "The notice period of the lease is six months."
_QUESTION = "How long is the notice period of the lease?"
_VISIBLE_WITHIN = 5.0  # seconds; the protocol promises one
_LENGTH_ERROR = 0.01  # of a unit length
_CHAT_SECONDS = 30.0
_ANSWER_TOKENS = 800  # a model that thinks before it speaks needs room for it


async def check_embedder(embedder: Embedder) -> Check:
    started = time.monotonic()
    passages = await embedder.embed_passages([_SENTENCE], urgent=True)
    first = time.monotonic()
    query = await embedder.embed_query(_QUESTION)
    last = time.monotonic()
    for embedding in (*passages, query):
        if fault := _fault_of(embedding, embedder.dimension):
            yield fail(f"{embedder.name} {fault}")
            return
    took = f"first text {(first - started) * 1000:.0f} ms, question {(last - first) * 1000:.0f} ms"
    yield ok(f"{embedder.name}: {embedder.dimension} numbers of unit length; {took}")


async def check_index_record(versions: IndexVersionStore, index: SearchIndex, embedder: Embedder) -> Check:
    """The index was filled by the embedder that questions are embedded with."""
    recorded = {version.name: version for version in await versions.index_versions("documents")}.get(
        index.name
    )
    if recorded is None:
        yield ok(f"{index.name} is new")
    elif (recorded.embedder, recorded.dimension) == (embedder.name, embedder.dimension):
        yield ok(f"{index.name} was filled by {embedder.name}")
    else:
        filled = f"{index.name} was filled by {recorded.embedder} with {recorded.dimension} numbers"
        now = f"the embedder is {embedder.name} with {embedder.dimension}"
        way_out = "set it back, or RAG_INDEX_NAME together with MONGODB_DATABASE or RAG_DATA to new ones"
        yield fail(f"{filled}, but {now}; {way_out}")


async def check_search_index(index: SearchIndex) -> Check:
    yield ok(f"{index.name}: {await index.count()} passages, {index.dimension} numbers each")
    document, embedding = uuid4().hex, _random_embedding(index.dimension)
    # Nobody may read it, and its document is unknown: if it is left behind, `reconcile` removes it.
    probe = IndexedChunk(chunk=_chunk(document), embedding=embedding, readers=frozenset())
    query = SearchQuery(
        text="",
        embedding=embedding,
        top_k=1,
        readers=None,
        mode="vector",
        document_ids=frozenset({document}),
    )

    async def is_found() -> bool:
        return any(hit.chunk.id == probe.chunk.id for hit in await index.search(query))

    started = time.monotonic()
    try:
        await index.write([probe])
        has_been_found = await until(is_found, seconds=_VISIBLE_WITHIN)
    finally:
        async with asyncio.timeout(TIDY_SECONDS):
            await index.delete_versions(document)
    seconds = time.monotonic() - started
    if has_been_found:
        yield ok(f"a passage was written, found and deleted within {seconds:.1f} s")
    else:
        yield fail(f"a passage cannot be found {_VISIBLE_WITHIN:g} s after its write; is the index busy?")


async def check_chat_model(model: ChatModel) -> Check:
    passage = Passage(
        marker=1, chunk=_chunk("doctor"), document_name="lease.txt", page_kind="page", score=1.0
    )
    prompt = build(
        _QUESTION, [passage], (), context_tokens=200, answer_tokens=_ANSWER_TOKENS, count_tokens=len
    )
    text, first, started = "", None, time.monotonic()
    async with aclosing(model.stream(prompt, timeout=_CHAT_SECONDS)) as stream:
        async for delta in stream:
            text += delta.text
            if text and first is None:
                first = time.monotonic() - started
    if first is None:
        yield fail(f"{model.name} answers with nothing; is it a chat model?")
        return
    took = f"first word after {first * 1000:.0f} ms, all after {(time.monotonic() - started) * 1000:.0f} ms"
    if "[1]" in text:
        yield ok(f"{model.name}: {took}")
    else:
        yield warn(f"{model.name} does not cite its passage ({took}); choose a model that does")


def _fault_of(embedding: Embedding, dimension: int) -> str | None:
    if len(embedding) != dimension:
        return f"makes {len(embedding)} numbers where {dimension} are expected; check its dimension"
    length = math.sqrt(sum(value * value for value in embedding))
    if not abs(length - 1) <= _LENGTH_ERROR:  # a NaN is no length either
        return f"makes embeddings of length {length:g} instead of 1; choose another model"
    return None


def _random_embedding(dimension: int) -> Embedding:
    direction = [random.gauss(0, 1) for _ in range(dimension)]
    length = math.sqrt(sum(value * value for value in direction))
    return [value / length for value in direction]


def _chunk(document: str) -> Chunk:
    return Chunk(
        id=f"{document}.1.0",
        document_id=document,
        version=1,
        ordinal=0,
        page=1,
        title="rag doctor",
        heading="",
        content=_SENTENCE,
    )
