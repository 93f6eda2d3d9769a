"""`AzureSearchIndex`: hybrid search in Azure AI Search. Built by compose.

BM25, vectors, their fusion and the filter are one request. What is written shows within a second or so;
what has to find it by a filter (`delete_versions`, `set_readers`, `chunk_ids`) waits for that.
"""

import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from azure.search.documents.models import VectorizedQuery

from shared.azure_sdk import Credential
from shared.domain import Chunk, Embedding, Hit, IndexedChunk, SearchQuery
from shared.errors import ConfigError
from shared.search_indexes import azure_search_documents as documents
from shared.search_indexes.azure_search_connection import PAGE, VISIBLE_WITHIN, Found, SearchConnection
from shared.search_indexes.azure_search_service import ONCE

_DEPTH = 100  # nearest vectors that are fused; the service fuses the best 1,000 of the text


class AzureSearchIndex:
    """Implements `SearchIndex`. `index` is created at first use where there is none.

    With `semantic_ranker`, hybrid hits (50 at most) have its order and its score, 0 to 4. While it is
    overloaded or its quota is spent they keep those of the fusion, and the log says so.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        index: str,
        dimension: int,
        credential: Credential,
        analyzer: str = "multilingual",
        semantic_ranker: bool = False,
    ) -> None:
        if not re.fullmatch(r"(?!.*--)[a-z0-9][a-z0-9-]{0,98}[a-z0-9]", index):
            raise ConfigError(
                f"{index!r} cannot name a search index; set RAG_INDEX_NAME to lower-case letters, digits and "
                "single dashes"
            )
        self._name = index
        self._dimension = dimension
        self._semantic_ranker = semantic_ranker
        self._connection = SearchConnection(
            endpoint=endpoint, index=index, dimension=dimension, credential=credential, analyzer=analyzer
        )
        self._written: dict[str, tuple[float, list[str]]] = {}  # document id: when, and which keys

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        for indexed in chunks:
            self._check_dimension(indexed.embedding)
        last = {indexed.chunk.id: indexed for indexed in chunks}
        if last:
            await self._connection.send("upload", map(documents.document_of, last.values()))
            self._remember(list(last.values()))

    async def search(self, query: SearchQuery) -> list[Hit]:
        if query.embedding is not None:
            self._check_dimension(query.embedding)
        text = None if query.mode == "vector" else documents.search_text(query.text)
        embedding = None if query.mode == "text" else query.embedding
        may_see_nothing = frozenset() in (query.readers, query.document_ids)
        if query.top_k <= 0 or (text is None and embedding is None) or may_see_nothing:
            return []
        request: dict[str, Any] = {
            "filter": documents.security_filter(query),
            "select": list(documents.READ),
            "top": min(query.top_k, PAGE),
            **ONCE,
        }
        if text is not None:
            request |= {
                "search_text": text,
                "search_fields": list(documents.SEARCHED),
                "query_type": "simple",
            }
        if embedding is not None:
            request |= _nearest(embedding, depth=max(_DEPTH, request["top"]))
        if text is None:
            return _hits_by_cosine(await self._connection.find(request))
        if embedding is not None and self._semantic_ranker:
            return _hits(await self._connection.find_reranked(request))
        return _hits(await self._connection.find(request))

    async def chunk_ids(self, document_id: str, version: int) -> frozenset[str]:
        condition = documents.versions_filter(document_id, version, version)
        await self._until_written(document_id)
        pages = [keys async for keys in self._connection.key_pages(condition)]
        return frozenset(documents.id_of(key) for keys in pages for key in keys)

    async def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[IndexedChunk]:
        parts = documents.parts_of(chunk_id)
        if parts is None:
            return []
        document_id, version, ordinal = parts
        found = await self._connection.find(
            {
                "filter": f"{documents.versions_filter(document_id, version, version)} "
                f"and ordinal ge {max(0, ordinal - before)} and ordinal le {ordinal + after}",
                "select": [*documents.READ, "readers"],
                "order_by": ["ordinal"],
                "top": min(before + after + 1, PAGE),
                **ONCE,
            }
        )
        around = [
            IndexedChunk(chunk=documents.chunk_of(one), embedding=(), readers=frozenset(one["readers"]))
            for one in found
        ]
        others = [one for one in around if one.chunk.id != chunk_id]
        return others if len(others) < len(around) else []

    async def passages(self, document_id: str, version: int, *, first: int, last: int) -> list[Chunk]:
        found = await self._connection.find(
            {
                "filter": f"{documents.versions_filter(document_id, version, version)} "
                f"and ordinal ge {first} and ordinal le {last}",
                "select": [*documents.READ],
                "order_by": ["ordinal"],
                "top": min(last - first + 1, PAGE),
                **ONCE,
            }
        )
        return [documents.chunk_of(one) for one in found]

    async def set_readers(self, document_id: str, readers: frozenset[str]) -> None:
        allowed = sorted(readers)
        await self._until_written(document_id)
        async for keys in self._connection.key_pages(documents.versions_filter(document_id)):
            await self._connection.send("merge", ({"id": key, "readers": allowed} for key in keys))

    async def delete_versions(self, document_id: str, *, first: int = 0, last: int | None = None) -> int:
        condition = documents.versions_filter(document_id, first, last)
        await self._until_written(document_id)
        count = 0
        async for keys in self._connection.key_pages(condition):
            await self._connection.send("delete", ({"id": key} for key in keys))
            count += len(keys)
        if count:
            await self._connection.until_count(condition, 0)
        return count

    async def versions(self) -> AsyncIterator[tuple[str, int]]:
        request: dict[str, Any] = {
            "select": ["document_id", "version"],
            "order_by": ["document_id", "version"],
            "top": PAGE,
        }
        while found := await self._connection.find(request):
            pairs = list(dict.fromkeys((one["document_id"], one["version"]) for one in found))
            for pair in pairs:
                yield pair
            name, version = documents.literal(pairs[-1][0]), pairs[-1][1]
            request["filter"] = f"document_id gt {name} or (document_id eq {name} and version gt {version})"

    async def count(self) -> int:
        return await self._connection.count()

    async def close(self) -> None:
        await self._connection.close()

    def _check_dimension(self, embedding: Embedding) -> None:
        if len(embedding) != self._dimension:
            raise ConfigError(
                f"the search index takes embeddings of {self._dimension} numbers, this one has "
                f"{len(embedding)}; set AZURE_OPENAI_EMBEDDING_DIMENSION to what the model gives"
            )

    def _remember(self, written: Sequence[IndexedChunk]) -> None:
        now = time.monotonic()
        keys: dict[str, list[str]] = {}
        for indexed in written[-PAGE:]:
            keys.setdefault(indexed.chunk.document_id, []).append(documents.key_of(indexed.chunk.id))
        recent = {name: one for name, one in self._written.items() if now - one[0] < VISIBLE_WITHIN}
        self._written = recent | {name: (now, fresh) for name, fresh in keys.items()}

    async def _until_written(self, document_id: str) -> None:
        """What this process wrote of the document a moment ago shows."""
        when, keys = self._written.pop(document_id, (0.0, []))
        if keys and time.monotonic() - when < VISIBLE_WITHIN:
            await self._connection.until_count(documents.keys_filter(keys), len(keys))


def _nearest(embedding: Embedding, *, depth: int) -> dict[str, Any]:
    query = VectorizedQuery(vector=list(embedding), k_nearest_neighbors=depth, fields="embedding")
    return {"vector_queries": [query], "vector_filter_mode": "preFilter"}


def _hits(found: Found) -> list[Hit]:
    """In the order that they came in, by the semantic ranker's score where all have one."""
    ranks = [one["@search.reranker_score"] for one in found]
    score = "@search.score" if None in ranks else "@search.reranker_score"
    return [Hit(chunk=documents.chunk_of(one), score=one[score]) for one in found]


def _hits_by_cosine(found: Found) -> list[Hit]:
    """The service's score of a vector is 1 / (1 + distance), where the distance is 1 - cosine."""
    return [Hit(chunk=documents.chunk_of(one), score=2.0 - 1.0 / one["@search.score"]) for one in found]
