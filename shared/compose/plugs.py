"""A loader per plug. Each imports the adapter that the settings name, and no other.

`identity` is the process's own (`shared.azure_sdk.open_credential`), given where a plug needs it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from shared.azure_storage import StorageAccount, storage_account
from shared.blob_stores.base import BlobStore
from shared.breaker import Breaker, Watcher
from shared.caches.base import Cache
from shared.compose.identity import required, value
from shared.event_queues.base import EventQueue
from shared.metadata_stores.base import MetadataStore
from shared.search_indexes.base import SearchIndexes
from shared.secret_stores.base import SecretStore
from shared.settings import Settings, secret_environment

if TYPE_CHECKING:
    from shared.auth.entra import EntraTokens
    from shared.azure_sdk import Identity
    from shared.ingest.parse.tesseract import Tesseract
    from shared.page_readers.base import PageReader

_METADATA_TIMEOUT = 10.0  # seconds of one call, or a third of an answer's time where that is less
_CACHE_BYTES = 64 * 1024 * 1024
# The module that a plug's setting loads.
_ADAPTERS = {
    "search_index": {
        "embedded": "search_indexes.embedded_folder",
        "azure_search": "search_indexes.azure_search_indexes",
    },
    "embedder": dict.fromkeys(("e5", "minilm"), "embedders.onnx")
    | {"azure_openai": "embedders.azure_openai"},
    "chat_model": {
        "extractive": "chat_models.extractive",
        "openai": "chat_models.openai_compatible",
        "llama": "chat_models.llama",
        "azure_openai": "chat_models.azure_openai",
        "langchain": "chat_models.langchain",
    },
    "metadata_store": {"sqlite": "metadata_stores.sqlite", "mongo": "metadata_stores.mongo"},
    "blob_store": {"folder": "blob_stores.folder", "azure_blob": "blob_stores.azure_blob"},
    "event_queue": {"sqlite": "event_queues.sqlite", "azure_queue": "event_queues.azure_queue"},
    "cache": {"sqlite": "caches.sqlite", "redis": "caches.redis"},
    "secret_store": {"local": "secret_stores.local", "key_vault": "secret_stores.key_vault"},
}


def import_adapters(settings: Settings) -> None:
    """Import what the loaders will: seconds of work that can be done before somebody waits for it."""
    for plug, modules in _ADAPTERS.items():
        import_module(f"shared.{modules[getattr(settings, plug).partition(':')[0]]}")


def open_secret_store(settings: Settings, identity: "Identity | None" = None) -> SecretStore:
    if settings.secret_store == "key_vault":  # noqa: S105
        from shared.secret_stores.key_vault import KeyVaultSecrets

        return KeyVaultSecrets(url=str(settings.azure_key_vault_url), credential=required(identity))
    from shared.secret_stores.local import LocalSecrets

    return LocalSecrets(settings.data / "secrets", secret_environment())


def open_metadata_store(
    settings: Settings, open_breaker: Callable[[], Breaker] | None = None
) -> MetadataStore:
    if settings.metadata_store == "mongo":
        from shared.metadata_stores.mongo import MongoMetadataStore

        return MongoMetadataStore(
            uri=value(settings.mongodb_uri),
            database=settings.mongodb_database,
            timeout=min(_METADATA_TIMEOUT, settings.answer_timeout_seconds / 3),
            breaker=open_breaker() if open_breaker else None,
        )
    from shared.metadata_stores.sqlite import SqliteMetadataStore

    return SqliteMetadataStore(settings.data / "metadata.db")


def open_blob_store(settings: Settings, identity: "Identity | None" = None) -> BlobStore:
    if settings.blob_store == "azure_blob":
        from shared.blob_stores.azure_blob import AzureBlobStore

        return AzureBlobStore(account=_storage_account(settings, identity))
    from shared.blob_stores.folder import FolderBlobStore

    return FolderBlobStore(settings.data / "uploads")


def open_event_queue(settings: Settings, identity: "Identity | None" = None) -> EventQueue:
    if settings.event_queue == "azure_queue":
        from shared.event_queues.azure_queue import AzureStorageQueue

        return AzureStorageQueue(account=_storage_account(settings, identity))
    from shared.event_queues.sqlite import SqliteEventQueue

    return SqliteEventQueue(settings.data / "queue.db")


def open_cache(
    settings: Settings, identity: "Identity | None" = None, watcher: Watcher | None = None
) -> Cache:
    from shared.caches.counting import CountingCache

    return CountingCache(_open_cache(settings, identity, watcher))


def _open_cache(settings: Settings, identity: "Identity | None", watcher: Watcher | None) -> Cache:
    if settings.cache == "redis":
        from shared.caches.redis import RedisCache

        by_identity = settings.redis_auth == "entra"
        return RedisCache(
            url=value(settings.redis_url),
            credential=required(identity) if by_identity else None,
            watcher=watcher,
        )
    from shared.caches.sqlite import SqliteCache

    return SqliteCache(settings.data / "cache.db", _CACHE_BYTES)


def open_embedding_cache(settings: Settings, cache: Cache) -> Cache | None:
    """Redis keeps embeddings beside everything else; on disk they have a file of their own."""
    if not settings.embedding_cache_mb:
        return None
    if settings.cache == "redis":
        return cache
    from shared.caches.sqlite import SqliteCache

    return SqliteCache(settings.data / "embeddings.db", settings.embedding_cache_mb * 1024 * 1024)


def open_page_reader(
    settings: Settings, identity: "Identity | None" = None
) -> "Tesseract | PageReader | None":
    """What reads pages that are pictures, if anything does."""
    if settings.ocr == "document_intelligence":
        from shared.azure_sdk import key_or_identity
        from shared.page_readers.document_intelligence import DocumentIntelligenceReader

        key = value(settings.azure_document_intelligence_key)
        return DocumentIntelligenceReader(
            endpoint=str(settings.azure_document_intelligence_endpoint),
            credential=key_or_identity(key, identity),
        )
    if settings.ocr == "off":
        return None
    from shared.ingest.parse.tesseract import find_tesseract

    return find_tesseract(settings.ocr_languages)


def open_search_indexes(settings: Settings, identity: "Identity | None" = None) -> SearchIndexes:
    if settings.search_index == "azure_search":
        from shared.azure_sdk import key_or_identity
        from shared.search_indexes.azure_search_indexes import AzureSearchIndexes

        return AzureSearchIndexes(
            endpoint=str(settings.azure_search_endpoint),
            credential=key_or_identity(value(settings.azure_search_api_key), identity),
            analyzer=settings.azure_search_analyzer,
            semantic_ranker=settings.azure_search_semantic_ranker,
        )
    from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes

    return EmbeddedSearchIndexes(settings.data / "index")


def open_entra_tokens(settings: Settings) -> "EntraTokens | None":
    """None where no tenant is named."""
    if not settings.entra_tenant_id:
        return None
    from shared.auth.entra import EntraTokens
    from shared.auth.entra_keys import TenantKeys

    return EntraTokens(
        authority=settings.entra_authority,
        tenant_id=settings.entra_tenant_id,
        audience=str(settings.entra_audience),
        administrator_role=settings.entra_administrator_role,
        keys=TenantKeys(authority=settings.entra_authority, tenant_id=settings.entra_tenant_id),
    )


def _storage_account(settings: Settings, identity: "Identity | None") -> StorageAccount:
    return storage_account(
        connection_string=value(settings.azurewebjobsstorage),
        name=settings.azurewebjobsstorage_accountname,
        blob_url=settings.azurewebjobsstorage_blobserviceuri,
        queue_url=settings.azurewebjobsstorage_queueserviceuri,
        identity=identity,
    )
