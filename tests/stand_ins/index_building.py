"""Services with several embedders and workers of their own, for tests of index versions."""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from shared.domain import SearchQuery
from shared.errors import ConfigError
from shared.ingest import events, pipeline, versions
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.search_indexes.base import SearchIndex
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.services import Services
from shared.shelf import Chunking, IndexShelf
from tests.stand_ins.hashing_embedder import HashingEmbedder
from tests.stand_ins.pipeline_services import pipeline_services

_EVERYTHING = 1_000


class ThesaurusEmbedder(HashingEmbedder):
    """Knows that `ask7` means `told7`, which no word tells: only embeddings find such an answer."""

    name = "thesaurus"

    async def embed_query(self, text: str) -> list[float]:
        return await super().embed_query(re.sub(r"\bask(\d+)", r"told\1", text))


class SmallEmbedder(ThesaurusEmbedder):
    """The same in 64 numbers."""

    name = "small"
    dimension = 64

    async def embed_passages(self, texts, *, urgent: bool = False) -> list[list[float]]:
        return [_folded(each) for each in await super().embed_passages(texts, urgent=urgent)]

    async def embed_query(self, text: str) -> list[float]:
        return _folded(await super().embed_query(text))


class BrokenEmbedder(SmallEmbedder):
    """All texts are one to it."""

    name = "broken"

    async def embed_passages(self, texts, *, urgent: bool = False) -> list[list[float]]:
        return [_folded([1.0] * 256) for _ in texts]


def building_services(folder: Path, **changes: Any) -> Services:
    """`pipeline_services` whose new indexes may also be filled by `small` and `broken`."""
    metadata = SqliteMetadataStore(folder / "metadata.db")
    embedder = ThesaurusEmbedder()

    def open_embedder(name: str, dimension: int | None) -> HashingEmbedder:
        for kind in (ThesaurusEmbedder, SmallEmbedder, BrokenEmbedder):
            if kind.name == name:
                return kind()
        raise ConfigError(f"the embedder {name} is not here")

    shelf = IndexShelf(
        base="documents",
        indexes=changes.pop("indexes", None) or EmbeddedSearchIndexes(folder / "index"),
        versions=metadata,
        embedder=embedder,
        open_embedder=open_embedder,
        chunking=Chunking(),
    )
    return pipeline_services(folder, metadata=metadata, embedder=embedder, shelf=shelf, **changes)


async def close(services: Services) -> None:
    for plug in (services.shelf, services.queue, services.blobs, services.cache, services.metadata):
        await plug.close()


async def work_once(services: Services) -> int:
    """Work off what waits in both queues now; how many events that were."""
    worked = 0
    for message in await services.queue.receive(events.INGEST_QUEUE, limit=32, visibility=60):
        await pipeline.ingest(events.decode(message.body).name, services)
        await services.queue.delete(events.INGEST_QUEUE, message)
        worked += 1
    for message in await services.queue.receive(versions.FILL_QUEUE, limit=32, visibility=60):
        await versions.work_off(versions.decode(message.body), services)
        await services.queue.delete(versions.FILL_QUEUE, message)
        worked += 1
    return worked


async def work_off(services: Services) -> None:
    """Until both queues are empty."""
    while await work_once(services):
        pass


@asynccontextmanager
async def working(services: Services) -> AsyncIterator[None]:
    """A worker beside the test, which works everything off at the end."""
    is_over = False

    async def work() -> None:
        while not is_over:
            if not await work_once(services):
                await asyncio.sleep(0.01)

    worker = asyncio.create_task(work())
    try:
        yield
    finally:
        is_over = True
        await worker
    await work_off(services)


async def drop_events(services: Services) -> int:
    """Lose every message on the way to an index; how many."""
    dropped = 0
    while messages := await services.queue.receive(versions.FILL_QUEUE, limit=32, visibility=60):
        for message in messages:
            await services.queue.delete(versions.FILL_QUEUE, message)
        dropped += len(messages)
    return dropped


async def shown(services: Services, index: str, reader: str) -> dict[str, tuple[int, list[str]]]:
    """What a reader can be shown from an index: by document its version and its passages in order."""
    search_index = await opened(services, index)
    query = SearchQuery(
        text="edition", embedding=None, top_k=_EVERYTHING, readers=frozenset({reader}), mode="text"
    )
    hits = await search_index.search(query)
    documents = await services.metadata.documents(list({hit.chunk.document_id for hit in hits}))
    found: dict[str, list[tuple[int, int, str]]] = {}
    for hit in hits:
        document = documents.get(hit.chunk.document_id)
        if document is not None and document.version_in(index) == hit.chunk.version:
            found.setdefault(document.name, []).append(
                (hit.chunk.version, hit.chunk.ordinal, hit.chunk.content)
            )
    return {
        name: (parts[0][0], [content for _, _, content in sorted(parts)]) for name, parts in found.items()
    }


async def opened(services: Services, index: str) -> SearchIndex:
    return (await services.shelf.named(index)).search_index


def _folded(embedding: list[float]) -> list[float]:
    short = [sum(embedding[number::64]) for number in range(64)]
    length = math.sqrt(sum(value * value for value in short))
    return [value / length for value in short]
