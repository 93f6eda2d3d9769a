"""Search indexes that take nothing away: for them everybody reads everything, and old versions stay."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.domain import Hit, IndexedChunk, SearchQuery
from shared.search_indexes.base import SearchIndex, SearchIndexes
from tests.stand_ins.half_broken import HalfBroken, answers


class GullibleIndexes:
    def __init__(self, indexes: SearchIndexes) -> None:
        self._indexes = indexes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indexes, name)

    def open(self, name: str, *, dimension: int) -> Any:
        index = self._indexes.open(name, dimension=dimension)

        async def search(query: SearchQuery) -> list[Hit]:
            return await index.search(replace(query, readers=None, document_ids=None))

        async def neighbours(chunk_id: str, *, before: int, after: int) -> Sequence[IndexedChunk]:
            return await _all_chunks(index)

        return HalfBroken(
            index,
            search=search,
            neighbours=neighbours,
            set_readers=answers(None),
            delete_versions=answers(0),
        )


async def _all_chunks(index: SearchIndex) -> list[IndexedChunk]:
    query = SearchQuery(text="pumps", embedding=None, top_k=1_000, readers=None, mode="text")
    return [
        IndexedChunk(chunk=hit.chunk, embedding=[], readers=frozenset({"everyone"}))
        for hit in await index.search(query)
    ]
