"""The checks of `rag doctor` on the search index: the versions that are recorded, and the live one itself."""

import asyncio
import math
import random
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from uuid import uuid4

from cli.doctor_findings import TIDY_SECONDS, Check, fail, ok, until, warn
from shared.domain import Chunk, Embedding, IndexedChunk, IndexState, IndexVersion, SearchQuery
from shared.embedders.base import Embedder
from shared.errors import ConfigError, RagError
from shared.metadata_stores.base import MetadataStore
from shared.search_indexes.base import SearchIndex, SearchIndexes

_VISIBLE_WITHIN = 5.0  # seconds; the protocol promises one
_REBUILD = "build another with `rag index build` and promote it"


async def check_index_versions(
    metadata: MetadataStore, embedder: Embedder, base: str, open_embedder: Callable[[str, int], Embedder]
) -> Check:
    """Each that is kept filled has an embedder here; new uploads and questions use that of the live one."""
    known = await metadata.index_versions(base)
    for version in known:
        if version.is_filled:
            current, held = await metadata.count_held(version.name)
            told = f"{version.name} ({version.state}, {version.embedder}): {held} of {current} documents"
            try:
                await open_embedder(version.embedder, version.dimension).close()
            except ConfigError as error:
                yield fail(f"{told}; {error}")
                continue
            if held < current and version.state is IndexState.LIVE:
                yield warn(f"{told}; a running host fills in the others, does one fire triggers?")
            else:
                yield ok(told)
    live = _live_of(known)
    if live is None:
        yield ok("none yet: the first start of a host records one")
        return
    wanted = (embedder.name, embedder.dimension)
    if wanted == (live.embedder, live.dimension):
        return
    differs = (
        f"RAG_EMBEDDER says {wanted[0]} ({wanted[1]}), {live.name} is of {live.embedder} ({live.dimension})"
    )
    if wanted in {(each.embedder, each.dimension) for each in known}:
        yield warn(f"{differs}, which is what is used; set it to that, or {_REBUILD}")
    else:
        yield fail(f"{differs}: no host starts; set it to that, then {_REBUILD} where you want the other")


async def check_live_index(
    indexes: SearchIndexes,
    base: str,
    metadata: MetadataStore | Exception,
    embedder: Embedder | Exception,
) -> Check:
    """Before the first start the index that it would adopt, or else one of the check's own."""
    live = await _recorded_live(metadata, base)
    if live is not None:
        name, dimension, is_own = live.name, live.dimension, False
    elif isinstance(embedder, Exception):
        raise embedder
    else:
        adopted = await indexes.adopted(base)
        name, dimension, is_own = adopted or f"rag-doctor-{uuid4().hex}", embedder.dimension, not adopted
    index = indexes.open(name, dimension=dimension)
    try:
        async with aclosing(check_search_index(index)) as said:
            async for each in said:
                yield each
        if live is not None and not await index.count() and await _holds(metadata, name):
            yield fail(f"{name} is empty, but documents are recorded in it; {_REBUILD}")
    finally:
        async with asyncio.timeout(TIDY_SECONDS):
            await index.close()
            if is_own:
                await indexes.remove(name)


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


async def _recorded_live(metadata: MetadataStore | Exception, base: str) -> IndexVersion | None:
    """None also where the record cannot be read: another check tells, and this one looks at the service."""
    if not isinstance(metadata, Exception):
        with suppress(RagError):
            return _live_of(await metadata.index_versions(base))
    return None


async def _holds(metadata: MetadataStore | Exception, name: str) -> bool:
    return not isinstance(metadata, Exception) and (await metadata.count_held(name))[1] > 0


def _live_of(versions: list[IndexVersion]) -> IndexVersion | None:
    return next((version for version in versions if version.state is IndexState.LIVE), None)


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
        content="rag doctor was here",
    )
