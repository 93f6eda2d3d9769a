"""The one place that builds the services: settings in, `Services` out. Called by the edge and the CLI.

The loaders in `plugs` import an adapter each, so that a process pays for what it uses and no more. No
adapter connects before it is used: opening looks up the secrets that settings name, and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.auth.key_ring import KeyRing
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.blob_stores.base import BlobStore
from shared.compose import models, plugs
from shared.compose.guards import Guards
from shared.compose.identity import open_identity
from shared.compose.kill import killing_at
from shared.compose.models import count_tokens
from shared.compose.plugs import import_adapters
from shared.embedders.base import Embedder
from shared.errors import ConfigError
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.metadata_stores.base import MetadataStore
from shared.secret_stores.base import SecretStore
from shared.secret_stores.reference import revealed
from shared.services import Limits, Services
from shared.settings import Settings
from shared.shelf import Chunking, IndexShelf
from shared.telemetry.logs import event
from shared.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from shared.azure_sdk import Identity

__all__ = [
    "Ground",
    "count_tokens",
    "import_adapters",
    "open_ground",
    "open_services",
    "opened_stores",
    "start_services",
]

log = logging.getLogger(__name__)

_SIGNING_KEY = "jwt-signing-key"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What plugs are opened on: settings that refer to no secret any more, the secrets, the identity."""

    settings: Settings
    secrets: SecretStore
    identity: "Identity | None"

    async def close(self) -> None:
        await self.secrets.close()
        if self.identity is not None:
            await self.identity.close()


async def open_ground(settings: Settings) -> Ground:
    """Errors: `ConfigError` for a secret that is not there, `BackendUnavailable`."""
    identity = await asyncio.to_thread(open_identity, settings)  # imports are slow: off the loop
    secrets = await asyncio.to_thread(plugs.open_secret_store, settings, identity)
    ground = Ground(settings=settings, secrets=secrets, identity=identity)
    async with _closed_on_failure(ground):
        return Ground(settings=await _revealed(settings, secrets), secrets=secrets, identity=identity)


async def open_services(settings: Settings, metrics: Metrics | None = None) -> Services:
    """One of each plug. Errors: `ConfigError`, `BackendUnavailable`."""
    ground = await open_ground(settings)
    async with _closed_on_failure(ground):
        return await asyncio.to_thread(_build, ground, metrics or Metrics())


async def start_services(settings: Settings, metrics: Metrics | None = None) -> Services:
    """The same, for a host: once the index is known to hold this embedder's embeddings and no others."""
    services = await open_services(settings, metrics)
    async with _closed_on_failure(services):
        await _agree_on_index(services)
    return services


@asynccontextmanager
async def opened_stores(settings: Settings) -> AsyncIterator[tuple[BlobStore, MetadataStore]]:
    """The two stores that a command of this machine works on without the rest."""
    ground = await open_ground(settings)
    try:
        blobs = plugs.open_blob_store(ground.settings, ground.identity)
        metadata = plugs.open_metadata_store(ground.settings)
        try:
            yield blobs, metadata
        finally:
            await blobs.close()
            await metadata.close()
    finally:
        await ground.close()


@asynccontextmanager
async def _closed_on_failure(opened: Ground | Services) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:  # a cancelled opening leaves nothing open either
        await opened.close()
        raise


async def _revealed(settings: Settings, secrets: SecretStore) -> Settings:
    """With the secrets that values name as `secret:<name>`."""
    found = {
        field: SecretStr(await revealed(value.get_secret_value(), secrets) or "")
        for field, value in settings
        if isinstance(value, SecretStr) and value.get_secret_value().startswith("secret:")
    }
    return settings.model_copy(update=found)


async def _agree_on_index(services: Services) -> None:
    """The live index says which embedder its questions need; a setting that no version knows is a mistake.

    After a switch to an index of another embedder the old setting still starts: nothing may keep a service
    down. Errors: `ConfigError`.
    """
    versions = await services.shelf.versions()
    live = (await services.shelf.live()).version
    wanted = (services.embedder.name, services.embedder.dimension)
    if (live.embedder, live.dimension) == wanted:
        return
    if wanted not in {(each.embedder, each.dimension) for each in versions}:
        raise ConfigError(
            f"the index {live.name} holds embeddings of {live.embedder} ({live.dimension} numbers), but "
            f"RAG_EMBEDDER says {wanted[0]} ({wanted[1]}); set it back, then build an index of the "
            "other with `rag index build` and promote it"
        )
    event(log, "embedder_differs", level=logging.WARNING, live=live.embedder, setting=wanted[0])


def _shelf(
    ground: Ground,
    embedder: Embedder,
    metadata: MetadataStore,
    guards: Guards,
    spare: Callable[[Embedder], Embedder],
) -> IndexShelf:
    settings, identity = ground.settings, ground.identity

    def open_embedder(name: str, dimension: int | None) -> Embedder:
        return spare(models.open_named_embedder(settings, identity, name, dimension))

    return IndexShelf(
        base=settings.index_name,
        indexes=guards.search_indexes(plugs.open_search_indexes(settings, identity)),
        versions=metadata,
        embedder=embedder,
        open_embedder=open_embedder,
        chunking=Chunking(chars=settings.chunk_chars, overlap=settings.chunk_overlap),
    )


def _build(ground: Ground, metrics: Metrics) -> Services:
    settings, identity = ground.settings, ground.identity
    guards = Guards(settings, metrics)
    cache = plugs.open_cache(settings, identity, metrics)
    embeddings = plugs.open_embedding_cache(settings, cache)

    def spare(embedder: Embedder) -> Embedder:
        return models.sparing(
            guards.embedder(embedder), settings, cache=cache, embeddings=embeddings, metrics=metrics
        )

    embedder = spare(models.open_embedder(settings, identity))
    extractive = models.open_extractive_model(embedder)
    metadata = plugs.open_metadata_store(settings, guards.metadata)
    return Services(
        shelf=_shelf(ground, embedder, metadata, guards, spare),
        embedder=embedder,
        chat_model=guards.chat_model(models.open_chat_model(settings, identity, extractive)),
        smaller_chat_model=guards.smaller_model(models.open_smaller_model(settings, identity)),
        fallback_chat_model=extractive,
        reranker=models.open_reranker(settings, embedder),
        metadata=metadata,
        blobs=plugs.open_blob_store(settings, identity),
        queue=plugs.open_event_queue(settings, identity),
        cache=cache,
        embedding_cache=embeddings,
        secrets=ground.secrets,
        identity=identity,
        parsers=_parsers(settings, identity),
        access_tokens=_access_tokens(ground),
        entra_tokens=plugs.open_entra_tokens(settings),
        passwords=Passwords(),
        count_tokens=count_tokens,
        limits=_limits(settings),
        metrics=metrics,
        reached=killing_at(settings.test_kill_at),
    )


def _access_tokens(ground: Ground) -> AccessTokens:
    return AccessTokens(
        keys=KeyRing(ground.secrets, _SIGNING_KEY),
        issuer=ground.settings.token_issuer,
        audience=ground.settings.token_audience,
        lifetime=ground.settings.access_token_minutes * 60.0,
    )


def _parsers(settings: Settings, identity: "Identity | None") -> ParserPool:
    return ParserPool(
        workers=settings.parser_workers,
        limits=ParseLimits(max_file_bytes=settings.max_file_mb * 1024 * 1024),
        ocr=plugs.open_page_reader(settings, identity),
        max_ocr_pages=settings.ocr_max_pages,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_file_bytes=settings.max_file_mb * 1024 * 1024,
        max_question_chars=settings.max_question_chars,
        max_top_k=settings.max_top_k,
        context_tokens=settings.context_tokens,
        history_tokens=settings.history_tokens,
        answer_tokens=settings.answer_tokens,
        answer_timeout=settings.answer_timeout_seconds,
        first_token=settings.first_token_seconds,
        neighbours=settings.neighbours,
        follow_ups=settings.follow_ups,
        link_hosts=frozenset(settings.link_hosts),
        rewrites=settings.rewrite == "auto",
        expansion=settings.query_expansion,
        answer_ttl=settings.answer_cache_hours * 3600,
    )
