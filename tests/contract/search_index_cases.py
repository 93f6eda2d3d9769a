"""What the search index suites share: how to open one, how to make chunks, how to wait until they show."""

import asyncio
import functools
import hashlib
import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from shared.domain import EVERYONE, Chunk, Hit, IndexedChunk, SearchMode, SearchQuery
from shared.search_indexes.base import SearchIndex, SearchIndexes

DIMENSION = 16
PUBLIC = frozenset({EVERYONE})

Opener = Callable[[Path, int], SearchIndex]


def open_embedded(folder: Path, dimension: int) -> SearchIndex:
    from shared.search_indexes.embedded import EmbeddedSearchIndex

    return EmbeddedSearchIndex(folder, "contract", dimension)


def open_azure(folder: Path, dimension: int) -> SearchIndex:
    from azure.core.credentials import AzureKeyCredential

    from shared.search_indexes.azure_search import AzureSearchIndex
    from tests.stand_ins.search_service import KEY

    name = f"contract-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    return AzureSearchIndex(
        endpoint=_search_service_url(), index=name, dimension=dimension, credential=AzureKeyCredential(KEY)
    )


def open_azure_service() -> SearchIndexes:
    from azure.core.credentials import AzureKeyCredential

    from shared.search_indexes.azure_search_indexes import AzureSearchIndexes
    from tests.stand_ins.search_service import KEY

    return AzureSearchIndexes(
        endpoint=_search_service_url(),
        credential=AzureKeyCredential(KEY),
        analyzer="multilingual",
        semantic_ranker=False,
    )


@functools.cache
def _search_service_url() -> str:
    """Of a stand-in that all tests share and that ends with them. Like the service, it shows writes late."""
    from tests.stand_ins.search_service import SearchService

    return SearchService(visible_after=0.1).__enter__().url


OPENERS: dict[str, Opener] = {"embedded": open_embedded, "azure": open_azure}


def direction(angle: float) -> list[float]:
    """A unit vector; the smaller the difference of two angles (0 to pi), the more alike they are."""
    return [math.cos(angle), math.sin(angle)] + [0.0] * (DIMENSION - 2)


def random_unit(seed: int, dimension: int = DIMENSION) -> list[float]:
    numbers = random.Random(seed)
    vector = [numbers.gauss(0, 1) for _ in range(dimension)]
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def passage(
    document: str = "doc",
    ordinal: int = 0,
    content: str = "nothing of note",
    *,
    version: int = 1,
    title: str = "",
    heading: str = "",
    angle: float = 1.5,
    readers: frozenset[str] = PUBLIC,
) -> IndexedChunk:
    chunk = Chunk(
        id=f"{document}.{version}.{ordinal}",
        document_id=document,
        version=version,
        ordinal=ordinal,
        page=ordinal // 2 + 1,
        title=title,
        heading=heading,
        content=content,
    )
    return IndexedChunk(chunk=chunk, embedding=direction(angle), readers=readers)


def ask(
    text: str = "",
    *,
    angle: float | None = None,
    top_k: int = 10,
    readers: frozenset[str] | None = PUBLIC,
    mode: SearchMode = "hybrid",
    documents: Iterable[str] | None = None,
) -> SearchQuery:
    return SearchQuery(
        text=text,
        embedding=None if angle is None else direction(angle),
        top_k=top_k,
        readers=readers,
        mode=mode,
        document_ids=None if documents is None else frozenset(documents),
    )


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.chunk.id for hit in hits]


async def until_found(index: SearchIndex, query: SearchQuery, expected: Iterable[str]) -> list[Hit]:
    """The hits, once they are these in any order: a write may take a second to be searchable."""
    wanted = sorted(expected)
    deadline = asyncio.get_running_loop().time() + 3.0
    while sorted(ids(hits := await index.search(query))) != wanted:
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{query} finds {ids(hits)}, not {wanted}")
        await asyncio.sleep(0.02)
    return hits


async def fill(index: SearchIndex, *chunks: IndexedChunk) -> None:
    """Write to an empty index, and wait until both legs find what was written."""
    await index.write(chunks)
    await until_found(
        index, ask(angle=0, mode="vector", readers=None, top_k=1_000), [c.chunk.id for c in chunks]
    )
    for content in {c.chunk.content for c in chunks}:
        deadline = asyncio.get_running_loop().time() + 3.0
        while not await index.search(ask(content, mode="text", readers=None)):
            assert asyncio.get_running_loop().time() < deadline, f"{content!r} is not found"
            await asyncio.sleep(0.02)
