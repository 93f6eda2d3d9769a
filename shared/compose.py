"""The one place that builds the services: settings in, `Services` out. Called by the edge and the CLI.

Each adapter is imported inside its own loader, so that a process pays for what it uses and no more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.blob_stores.base import BlobStore
from shared.caches.base import Cache
from shared.chat_models.base import ChatModel
from shared.embedders.base import Embedder
from shared.event_queues.base import EventQueue
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.metadata_stores.base import MetadataStore
from shared.search_indexes.base import SearchIndex
from shared.secret_stores.base import SecretStore
from shared.services import Limits, Services
from shared.settings import Settings, secret_environment

_SIGNING_KEY = "jwt-signing-key"
_CACHE_BYTES = 64 * 1024 * 1024


async def open_services(settings: Settings) -> Services:
    """One of each plug; what they connect to is not opened before it is used. Errors: `ConfigError`."""
    secrets = open_secret_store(settings)
    build = partial(_build, settings, secrets)
    return await asyncio.to_thread(build)  # the imports are slow: off the loop


@asynccontextmanager
async def opened_stores(settings: Settings) -> AsyncIterator[tuple[BlobStore, MetadataStore]]:
    """The two stores that a command of this machine works on without the rest."""
    blobs, metadata = open_blob_store(settings), open_metadata_store(settings)
    try:
        yield blobs, metadata
    finally:
        await blobs.close()
        await metadata.close()


def open_secret_store(settings: Settings) -> SecretStore:
    from shared.secret_stores.local import LocalSecrets

    return LocalSecrets(settings.data / "secrets", secret_environment())


def open_metadata_store(settings: Settings) -> MetadataStore:
    from shared.metadata_stores.sqlite import SqliteMetadataStore

    return SqliteMetadataStore(settings.data / "metadata.db")


def open_blob_store(settings: Settings) -> BlobStore:
    from shared.blob_stores.folder import FolderBlobStore

    return FolderBlobStore(settings.data / "uploads")


def open_event_queue(settings: Settings) -> EventQueue:
    from shared.event_queues.sqlite import SqliteEventQueue

    return SqliteEventQueue(settings.data / "queue.db")


def open_cache(settings: Settings) -> Cache:
    from shared.caches.sqlite import SqliteCache

    return SqliteCache(settings.data / "cache.db", _CACHE_BYTES)


def open_embedder(settings: Settings) -> Embedder:
    from shared.embedders.onnx import OnnxEmbedder

    return OnnxEmbedder(settings.models / settings.embedder, threads=settings.embedder_threads)


def open_search_index(settings: Settings, dimension: int) -> SearchIndex:
    from shared.search_indexes.embedded import EmbeddedSearchIndex

    return EmbeddedSearchIndex(settings.data / "index", settings.index_name, dimension)


def open_extractive_model(embedder: Embedder) -> ChatModel:
    from shared.chat_models.extractive import ExtractiveChatModel

    return ExtractiveChatModel(embedder)


def open_openai_model(settings: Settings) -> ChatModel:
    from shared.chat_models.openai_compatible import OpenAIChat

    return OpenAIChat(
        base_url=settings.openai_base_url or "",
        api_key=settings.openai_api_key.get_secret_value(),
        model=settings.openai_chat_model or "",
    )


def count_tokens(text: str) -> int:
    """Rather too many than too few: English has some 4 characters a token, we count 3, of CJK scripts 1.

    Exact counting would load a 75 MB vocabulary for a bound that has slack anyway.
    """
    wide = sum(character > "\u2e7f" for character in text)
    return wide + (len(text) - wide) // 3 + 1


def _build(settings: Settings, secrets: SecretStore) -> Services:
    embedder = open_embedder(settings)
    extractive = open_extractive_model(embedder)
    return Services(
        search_index=open_search_index(settings, embedder.dimension),
        embedder=embedder,
        chat_model=open_openai_model(settings) if settings.chat_model == "openai" else extractive,
        fallback_chat_model=extractive,
        metadata=open_metadata_store(settings),
        blobs=open_blob_store(settings),
        queue=open_event_queue(settings),
        cache=open_cache(settings),
        secrets=secrets,
        parsers=ParserPool(workers=settings.parser_workers, limits=_parse_limits(settings)),
        access_tokens=AccessTokens(
            keys=KeyRing(secrets, _SIGNING_KEY),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            lifetime=settings.access_token_minutes * 60.0,
        ),
        passwords=Passwords(),
        count_tokens=count_tokens,
        limits=_limits(settings),
    )


def _parse_limits(settings: Settings) -> ParseLimits:
    return ParseLimits(max_file_bytes=settings.max_file_mb * 1024 * 1024)


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_file_bytes=settings.max_file_mb * 1024 * 1024,
        max_question_chars=settings.max_question_chars,
        context_tokens=settings.context_tokens,
        answer_tokens=settings.answer_tokens,
        answer_timeout=settings.answer_timeout_seconds,
    )
