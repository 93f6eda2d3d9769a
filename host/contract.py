"""What the host needs of a Function App module, and no more. `function_app` satisfies it; so do the tests'.

The host knows the application as the Functions host would: its functions, its HTTP surface, its runtime.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol, TypeVar, runtime_checkable

import azure.functions as func
from starlette.types import ASGIApp


class Message(Protocol):
    """A queue message under a hold."""

    @property
    def id(self) -> str: ...
    @property
    def receipt(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def dequeue_count(self) -> int: ...
    @property
    def inserted_at(self) -> float: ...


M = TypeVar("M", bound=Message)


class Queue(Protocol[M]):
    """Named queues with visibility time-outs."""

    async def send(self, queue: str, body: str, *, delay: float = 0.0) -> None: ...

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[M]: ...

    async def extend(self, queue: str, message: M, *, visibility: float) -> M | None: ...

    async def delete(self, queue: str, message: M) -> bool: ...


class Blob(Protocol):
    @property
    def size(self) -> int: ...
    @property
    def etag(self) -> str: ...


@runtime_checkable
class WatchedBlobs(Protocol):
    """A container that tells its own changes; one that does not gets them from elsewhere."""

    async def head(self, name: str) -> Blob | None: ...

    def changes(self) -> AsyncIterator[set[str]]: ...


class Embedder(Protocol):
    async def embed_query(self, text: str) -> Any: ...


class SearchIndex(Protocol):
    async def count(self) -> int: ...


class Services(Protocol):
    @property
    def queue(self) -> Queue[Any]: ...
    @property
    def blobs(self) -> object: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def search_index(self) -> SearchIndex: ...


class Settings(Protocol):
    @property
    def cors_origins(self) -> tuple[str, ...]: ...


class Runtime(Protocol):
    @property
    def settings(self) -> Settings: ...

    async def services(self) -> Services: ...

    async def close(self) -> None: ...


class FunctionAppModule(Protocol):
    @property
    def app(self) -> func.FunctionApp: ...
    @property
    def api(self) -> ASGIApp: ...
    @property
    def runtime(self) -> Runtime: ...

    def announce(self, name: str, *, deleted: bool) -> Awaitable[None]:
        """Put the storage event of a blob on the queue that `ingest_event` reads."""
