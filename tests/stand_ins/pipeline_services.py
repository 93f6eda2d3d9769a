"""Services for pipeline tests: the real embedded stores and index, a hashing embedder, parsing in-process."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.blob_stores.folder import FolderBlobStore
from shared.caches.sqlite import SqliteCache
from shared.chat_models.extractive import ExtractiveChatModel
from shared.domain import Document, ParsedDocument, ParsedPage
from shared.errors import BackendUnavailable, DocumentRejected
from shared.event_queues.sqlite import SqliteEventQueue
from shared.ingest import pipeline
from shared.metadata_stores.sqlite import SqliteMetadataStore
from shared.search_indexes.base import SearchIndex
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.secret_stores.local import LocalSecrets
from shared.services import Limits, Services
from shared.shelf import Chunking, IndexShelf, OpenIndex
from tests.stand_ins.hashing_embedder import HashingEmbedder

NAME = "shared/terms.txt"
Wrap = Callable[[Any], Any]


class PlainParser:
    """Pages are separated by form feeds; a file that says BROKEN can never be parsed."""

    async def parse(self, path: Path, name: str) -> ParsedDocument:
        text = path.read_text()
        if "BROKEN" in text:
            raise DocumentRejected("is broken on purpose")
        pages = tuple(ParsedPage(number=n, text=page) for n, page in enumerate(text.split("\f"), start=1))
        return ParsedDocument(title=Path(name).stem, pages=pages)

    async def close(self) -> None:
        pass


def pipeline_services(folder: Path, **changes: Any) -> Services:
    embedder = changes.get("embedder") or HashingEmbedder()
    metadata = changes.get("metadata") or SqliteMetadataStore(folder / "metadata.db")
    extractive = ExtractiveChatModel(embedder)
    secrets = LocalSecrets(folder / "secrets", {})
    parts: dict[str, Any] = {
        "shelf": IndexShelf(
            base="documents",
            indexes=EmbeddedSearchIndexes(folder / "index"),
            versions=metadata,
            embedder=embedder,
            open_embedder=lambda name, dimension: embedder,
            chunking=Chunking(),
        ),
        "embedder": embedder,
        "chat_model": extractive,
        "fallback_chat_model": extractive,
        "metadata": metadata,
        "blobs": FolderBlobStore(folder / "uploads"),
        "queue": SqliteEventQueue(folder / "queue.db"),
        "cache": SqliteCache(folder / "cache.db", 1_000_000),
        "secrets": secrets,
        "parsers": PlainParser(),
        "access_tokens": AccessTokens(
            keys=KeyRing(secrets, "jwt-signing-key"), issuer="rag", audience="rag", lifetime=900
        ),
        "passwords": Passwords(),
        "count_tokens": len,
        "limits": Limits(),
        "embed_batch": 4,
    }
    return Services(**(parts | changes))


async def put(services: Services, text: str, name: str = NAME) -> None:
    async def content():
        yield text.encode()

    await services.blobs.put(name, content(), max_size=10_000_000)


async def ingested(services: Services, text: str, name: str = NAME) -> Document:
    await put(services, text, name)
    document = await pipeline.ingest(name, services)
    assert document is not None
    return document


async def live_index(services: Services) -> SearchIndex:
    return (await services.shelf.live()).search_index


async def stored_versions(services: Services) -> set[tuple[str, int]]:
    return {pair async for pair in (await live_index(services)).versions()}


def long_text(word: str, pages: int = 12) -> str:
    return "\f".join(
        f"Page {page} of the {word} edition tells about {word}{page}." for page in range(1, pages + 1)
    )


class WrappedShelf:
    """The real shelf, whose live index or embedder a test has wrapped."""

    def __init__(self, shelf: IndexShelf, *, index: Wrap | None, embedder: Wrap | None) -> None:
        self._shelf, self._index, self._embedder = shelf, index, embedder
        self._wrapped: dict[str, OpenIndex] = {}

    def __getattr__(self, name: str):
        return getattr(self._shelf, name)

    async def live(self) -> OpenIndex:
        live = await self._shelf.live()
        if live.name not in self._wrapped:
            self._wrapped[live.name] = replace(
                live,
                search_index=self._index(live.search_index) if self._index else live.search_index,
                embedder=self._embedder(live.embedder) if self._embedder else live.embedder,
            )
        return self._wrapped[live.name]


def with_live(services: Services, *, index: Wrap | None = None, embedder: Wrap | None = None) -> Services:
    return replace(services, shelf=WrappedShelf(services.shelf, index=index, embedder=embedder))


class FailingIndex:
    """The real index whose `write` fails at the n-th call."""

    def __init__(self, index, *, fail_at: int) -> None:
        self._index, self._left = index, fail_at

    def __getattr__(self, name: str):
        return getattr(self._index, name)

    async def write(self, chunks) -> None:
        self._left -= 1
        if self._left == 0:
            raise BackendUnavailable("index down")
        await self._index.write(chunks)


class LateIndex:
    """The real index that shows a version's chunks from the n-th look on, as a distributed one may."""

    def __init__(self, index, *, shown_at: int) -> None:
        self._index, self._left = index, shown_at

    def __getattr__(self, name: str):
        return getattr(self._index, name)

    async def chunk_ids(self, document_id: str, version: int) -> frozenset[str]:
        self._left -= 1
        return await self._index.chunk_ids(document_id, version) if self._left <= 0 else frozenset()
