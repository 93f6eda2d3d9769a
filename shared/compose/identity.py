"""What plugs sign in with: the identity of the process, and keys from settings. Used by the loaders."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.settings import Settings

if TYPE_CHECKING:
    from shared.azure_sdk import Identity


def value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def required(identity: "Identity | None") -> "Identity":
    if identity is None:
        raise ValueError("this plug signs in as the process itself: open it with an identity")
    return identity


def open_identity(settings: Settings) -> "Identity | None":
    """The process's own, if any plug signs in with it."""
    if not _needs_identity(settings):
        return None
    from shared.azure_sdk import open_credential

    return open_credential()


def _needs_identity(settings: Settings) -> bool:
    keyless = (
        (settings.ocr == "document_intelligence", settings.azure_document_intelligence_key),
        (settings.search_index == "azure_search", settings.azure_search_api_key),
        (settings.embedder == "azure_openai", settings.azure_openai_api_key),
        (settings.chat_model == "azure_openai", settings.azure_openai_api_key),
        (settings.blob_store == "azure_blob", settings.azurewebjobsstorage),
        (settings.event_queue == "azure_queue", settings.azurewebjobsstorage),
        (settings.cache == "redis" and settings.redis_auth == "entra", None),
        (settings.secret_store == "key_vault", None),  # noqa: S105
    )
    return any(is_used and not key for is_used, key in keyless)
