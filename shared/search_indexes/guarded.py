"""`GuardedSearchIndexes`: indexes elsewhere, behind one breaker. Built by compose around a service's."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from shared.breaker import Guard
from shared.domain import Chunk, Hit, IndexedChunk, SearchQuery
from shared.search_indexes.base import SearchIndex, SearchIndexes


class GuardedSearchIndexes:
    """`timeout` in seconds, for what a question asks. All else goes through as it is."""

    def __init__(self, indexes: SearchIndexes, guard: Guard, *, timeout: float) -> None:
        self._indexes = indexes
        self._guard = guard
        self._timeout = timeout

    def open(self, name: str, *, dimension: int) -> SearchIndex:
        index = self._indexes.open(name, dimension=dimension)
        return GuardedSearchIndex(index, self._guard, timeout=self._timeout)

    async def adopted(self, base: str) -> str | None:
        return await self._indexes.adopted(base)

    async def point(self, base: str, name: str) -> None:
        await self._indexes.point(base, name)

    async def remove(self, name: str) -> None:
        await self._indexes.remove(name)

    async def close(self) -> None:
        await self._indexes.close()


class GuardedSearchIndex:
    """Searches are tried once more; ingestion, which writes and counts, has retries of its own."""

    def __init__(self, index: SearchIndex, guard: Guard, *, timeout: float) -> None:
        self._index = index
        self._guard = guard
        self._timeout = timeout

    @property
    def name(self) -> str:
        return self._index.name

    @property
    def dimension(self) -> int:
        return self._index.dimension

    async def search(self, query: SearchQuery) -> list[Hit]:
        return await self._guard.ask(partial(self._index.search, query), timeout=self._timeout)

    async def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[IndexedChunk]:
        ask = partial(self._index.neighbours, chunk_id, before=before, after=after)
        return await self._guard.ask(ask, timeout=self._timeout)

    async def passages(self, document_id: str, version: int, *, first: int, last: int) -> list[Chunk]:
        ask = partial(self._index.passages, document_id, version, first=first, last=last)
        return await self._guard.ask(ask, timeout=self._timeout)

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        await self._index.write(chunks)

    async def chunk_ids(self, document_id: str, version: int) -> frozenset[str]:
        return await self._index.chunk_ids(document_id, version)

    async def set_readers(self, document_id: str, readers: frozenset[str]) -> None:
        await self._index.set_readers(document_id, readers)

    async def delete_versions(self, document_id: str, *, first: int = 0, last: int | None = None) -> int:
        return await self._index.delete_versions(document_id, first=first, last=last)

    def versions(self) -> AsyncIterator[tuple[str, int]]:
        return self._index.versions()

    async def count(self) -> int:
        return await self._index.count()

    async def close(self) -> None:
        await self._index.close()
