"""The plugs that `rag doctor` looks at, opened one by one: one that cannot be is a finding, not the end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

from pydantic import SecretStr

from shared.auth.entra import EntraTokens
from shared.blob_stores.base import BlobStore
from shared.caches.base import Cache
from shared.chat_models.base import ChatModel
from shared.compose import models, plugs
from shared.compose.identity import open_identity
from shared.embedders.base import Embedder
from shared.errors import RagError
from shared.event_queues.base import EventQueue
from shared.metadata_stores.base import MetadataStore
from shared.search_indexes.base import SearchIndexes
from shared.secret_stores.base import SecretStore
from shared.secret_stores.reference import revealed
from shared.services import Closable
from shared.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Plugs:
    """Each is the plug, or why it cannot be opened. Named as in `Services`; closed in this order.

    `indexes` are those of the shelf, with its base and its way to open the embedder of a version.
    """

    base: str
    open_embedder: Callable[[str, int], Embedder]

    entra_tokens: EntraTokens | Exception | None
    chat_model: ChatModel | Exception
    smaller_chat_model: ChatModel | Exception | None
    fallback_chat_model: ChatModel | Exception
    embedder: Embedder | Exception
    indexes: SearchIndexes | Exception
    queue: EventQueue | Exception
    blobs: BlobStore | Exception
    cache: Cache | Exception
    metadata: MetadataStore | Exception
    secrets: SecretStore | Exception
    identity: Closable | Exception | None

    async def close(self) -> None:
        for field in fields(self):
            plug = getattr(self, field.name)
            if hasattr(plug, "close"):
                await plug.close()


async def open_plugs(settings: Settings, *, seconds: float) -> Plugs:
    """`seconds` for each secret that a setting names. Never raises."""
    identity = _open(open_identity, settings)
    secrets = _open(plugs.open_secret_store, settings, identity)
    settings = await _with_secrets(settings, secrets, seconds=seconds)

    def open_embedder(name: str, dimension: int) -> Embedder:
        if isinstance(identity, Exception):
            raise identity
        return models.open_named_embedder(settings, identity, name, dimension)

    embedder = _open(models.open_embedder, settings, identity)
    extractive = _open(models.open_extractive_model, embedder)
    return Plugs(
        base=settings.index_name,
        open_embedder=open_embedder,
        entra_tokens=_open(plugs.open_entra_tokens, settings),
        chat_model=_open(models.open_chat_model, settings, identity, extractive),
        smaller_chat_model=_open(models.open_smaller_model, settings, identity),
        fallback_chat_model=extractive,
        embedder=embedder,
        indexes=_open(plugs.open_search_indexes, settings, identity),
        queue=_open(plugs.open_event_queue, settings, identity),
        blobs=_open(plugs.open_blob_store, settings, identity),
        cache=_open(plugs.open_cache, settings, identity),
        metadata=_open(plugs.open_metadata_store, settings),
        secrets=secrets,
        identity=identity,
    )


class _Unknown(SecretStr):
    """Stands for a secret that cannot be had: whichever plug needs it cannot be opened for this reason."""

    def __init__(self, reason: Exception) -> None:
        super().__init__("unknown")
        self._reason = reason

    def get_secret_value(self) -> str:
        raise self._reason


def _open(load: Callable[..., T], *on: object) -> T | Exception:
    """What is to be built on something that cannot be opened cannot be either, for the same reason."""
    for part in on:
        if isinstance(part, Exception):
            return part
    try:
        return load(*on)
    except Exception as error:  # noqa: BLE001 - told by the check of this plug, beside those of the others
        return error


async def _with_secrets(settings: Settings, secrets: SecretStore | Exception, *, seconds: float) -> Settings:
    """With the secrets that values name as `secret:<name>`."""
    named = {
        field: value.get_secret_value()
        for field, value in settings
        if isinstance(value, SecretStr) and value.get_secret_value().startswith("secret:")
    }
    found = await asyncio.gather(*(_secret(value, secrets, seconds=seconds) for value in named.values()))
    return settings.model_copy(update=dict(zip(named, found, strict=True)))


async def _secret(value: str, secrets: SecretStore | Exception, *, seconds: float) -> SecretStr:
    if isinstance(secrets, Exception):
        return _Unknown(secrets)
    try:
        async with asyncio.timeout(seconds):
            return SecretStr(await revealed(value, secrets) or "")
    except (RagError, TimeoutError) as error:
        return _Unknown(error)
