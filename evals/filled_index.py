"""An index that holds a library, as ingestion would have filled it. Used by `evals.retrieval`."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from evals.libraries import COPY, Library
from shared.caches.sqlite import SqliteCache
from shared.domain import (
    EVERYONE,
    Chunk,
    Document,
    DocumentStatus,
    Embedding,
    IndexedChunk,
    IndexVersion,
    ParsedDocument,
    SearchQuery,
)
from shared.embedders.base import Embedder
from shared.embedders.cached import CachedEmbedder
from shared.embedders.onnx import OnnxEmbedder
from shared.ingest.chunk import chunk
from shared.ingest.documents import document_id
from shared.metadata_stores.base import MetadataStore
from shared.search_indexes.embedded import EmbeddedSearchIndex
from shared.shelf import OpenIndex

_CACHE_BYTES = 1024**3
_A_YEAR = 365 * 86_400.0
_BATCH = 256  # chunks
_PATIENCE = 600.0  # seconds
_READERS = frozenset({EVERYONE})


@dataclass(frozen=True, kw_only=True)
class Filled:
    index: OpenIndex
    metadata: MetadataStore
    names: dict[str, str]  # of documents by id; of a copy the original's
    chunks: int


class Patient:
    """An embedder whose cache is used for what is urgent too, so that a second run embeds nothing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name, self.dimension = embedder.name, embedder.dimension

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        del urgent
        return await self._embedder.embed_passages(texts)

    async def embed_query(self, text: str) -> Embedding:
        return await self._embedder.embed_query(text)

    async def close(self) -> None:
        """The other's owner closes it."""


class _Published:
    """What retrieval asks of a metadata store, about documents that everybody may read."""

    def __init__(self, documents: dict[str, Document]) -> None:
        self._documents = documents

    async def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        return {each: self._documents[each] for each in ids}


@asynccontextmanager
async def cached_embedder(models: Path, name: str, cache: Path) -> AsyncIterator[Embedder]:
    """The embedder of that setting, whose work of earlier runs lies in `cache`."""
    store = SqliteCache(cache, _CACHE_BYTES)
    embedder = CachedEmbedder(OnnxEmbedder(models / name, threads=1), store, ttl=_A_YEAR)
    try:
        yield embedder
    finally:
        await embedder.close()
        await store.close()


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How documents become passages."""

    chars: int = 900
    overlap: int = 120
    has_title: bool = True  # in what is embedded and in what words are looked for in
    has_headings: bool = True

    def passages(self, name: str, parsed: ParsedDocument) -> Iterator[Chunk]:
        cut = chunk(
            parsed, document_id=document_id(name), version=1, max_chars=self.chars, overlap=self.overlap
        )
        for each in cut:
            title, heading = each.title * self.has_title, each.heading * self.has_headings
            yield replace(each, title=title, heading=heading)


DEFAULT_CUT = Cut()


@asynccontextmanager
async def filled(
    library: Library, embedder: Embedder, folder: Path, cut: Cut = DEFAULT_CUT
) -> AsyncIterator[Filled]:
    version = IndexVersion(
        name="library",
        base="library",
        number=1,
        embedder=embedder.name,
        dimension=embedder.dimension,
        chunk_chars=cut.chars,
        chunk_overlap=cut.overlap,
        created_at=time.time(),
    )
    chunks = [each for name, parsed in library.documents.items() for each in cut.passages(name, parsed)]
    index = EmbeddedSearchIndex(folder, version.name, embedder.dimension)
    try:
        for start in range(0, len(chunks), _BATCH):
            batch = chunks[start : start + _BATCH]
            embeddings = await embedder.embed_passages([each.embedding_text for each in batch])
            await index.write(
                [
                    IndexedChunk(chunk=each, embedding=embedding, readers=_READERS)
                    for each, embedding in zip(batch, embeddings, strict=True)
                ]
            )
        await _words_are_found(index, chunks)
        yield Filled(
            index=OpenIndex(version=version, search_index=index, embedder=embedder),
            metadata=cast("MetadataStore", _Published(_documents(library, version.name))),
            names={document_id(name): name.removeprefix(COPY) for name in library.documents},
            chunks=len(chunks),
        )
    finally:
        await index.close()


async def _words_are_found(index: EmbeddedSearchIndex, chunks: Sequence[Chunk]) -> None:
    """Return when BM25, which lags behind what is written, has every chunk: the last one with it."""
    last = chunks[-1]
    query = SearchQuery(
        text=last.content,
        embedding=None,
        top_k=1_000,
        readers=_READERS,
        mode="text",
        document_ids=frozenset({last.document_id}),
    )
    async with asyncio.timeout(_PATIENCE):
        while last.id not in {hit.chunk.id for hit in await index.search(query)}:
            await asyncio.sleep(0.05)


def _documents(library: Library, index: str) -> dict[str, Document]:
    return {
        document_id(name): Document(
            id=document_id(name),
            name=name,
            owner_id=None,
            readers=_READERS,
            status=DocumentStatus.INDEXED,
            current_version=1,
            title=parsed.title,
            page_kind=parsed.page_kind,
            held=((index, 1),),
        )
        for name, parsed in library.documents.items()
    }
