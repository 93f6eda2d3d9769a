"""What the pipelines are given: one of each plug, and the limits they keep.

`compose.py` builds it; only the head of a pipeline takes it whole.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias
from weakref import WeakValueDictionary

from shared.auth.entra import EntraTokens
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.blob_stores.base import BlobStore
from shared.caches.base import Cache
from shared.chat_models.base import ChatModel
from shared.embedders.base import Embedder
from shared.event_queues.base import EventQueue
from shared.ingest.parse.pool import ParserPool
from shared.metadata_stores.base import MetadataStore
from shared.query.flights import Flights
from shared.rerankers.base import Reranker
from shared.secret_stores.base import SecretStore
from shared.shelf import IndexShelf
from shared.telemetry.metrics import Metrics

Step: TypeAlias = Literal[
    "claimed", "read", "embedded", "written", "published", "settled", "held", "rejected", "buried"
]


def go_on(_: Step) -> None:
    """Nothing happens at a step."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    max_file_bytes: int = 100 * 1024 * 1024
    max_pages: int = 5_000
    max_chunks: int = 20_000
    max_question_chars: int = 4_000
    max_top_k: int = 50
    context_tokens: int = 3_000  # of passages in the prompt
    history_tokens: int = 400  # of earlier turns in it
    answer_tokens: int = 800
    answer_timeout: float = 30.0  # seconds, for the whole request
    first_token: float = 8.0  # seconds of it, to the first word
    neighbours: int = 0  # adjoining chunks on each side of the best passages
    follow_ups: int = 0  # questions that are suggested with an answer
    link_hosts: frozenset[str] = frozenset()  # that answers may link to
    rewrites: bool = True  # whether the language model makes follow-ups stand by themselves
    expansion: Literal["off", "multi_query", "decompose"] = "off"
    answer_ttl: float = 86_400.0  # seconds that answers are remembered; 0: not at all


class Closable(Protocol):
    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Services:
    shelf: IndexShelf
    embedder: Embedder  # of new index versions, and of quotations
    chat_model: ChatModel
    fallback_chat_model: ChatModel  # extractive: answers when chat_model cannot
    metadata: MetadataStore
    blobs: BlobStore
    queue: EventQueue
    cache: Cache
    secrets: SecretStore
    parsers: ParserPool
    access_tokens: AccessTokens
    passwords: Passwords
    count_tokens: Callable[[str], int]
    limits: Limits
    embedding_cache: Cache | None = None  # for what was embedded; may be `cache` itself
    smaller_chat_model: ChatModel | None = None  # a second deployment: asked before the fallback
    reranker: Reranker | None = None
    identity: Closable | None = None  # of the process, which plugs sign in with
    embed_batch: int = 32  # chunks per checkpoint
    entra_tokens: EntraTokens | None = None  # where a tenant's tokens are accepted beside our own
    turns: WeakValueDictionary[tuple[str, int], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    flights: Flights = field(default_factory=Flights)
    metrics: Metrics = field(default_factory=Metrics)
    reached: Callable[[Step], None] = go_on  # told each step of an ingestion, for tests that crash there

    async def close(self) -> None:
        """Close every plug, those that others are built on last."""
        await self.flights.close()
        await self.parsers.close()
        await self.passwords.close()
        if self.entra_tokens is not None:
            await self.entra_tokens.close()
        if self.smaller_chat_model is not None:
            await self.smaller_chat_model.close()
        if self.reranker is not None:
            await self.reranker.close()
        for plug in (self.chat_model, self.fallback_chat_model, self.shelf, self.queue):
            await plug.close()
        await self.access_tokens.close()
        if self.embedding_cache not in (None, self.cache):
            await self.embedding_cache.close()
        for store in (self.blobs, self.cache, self.metadata, self.secrets):
            await store.close()
        if self.identity is not None:
            await self.identity.close()
