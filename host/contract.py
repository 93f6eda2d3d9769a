"""What the host needs of a Function App module, and no more. `function_app` satisfies it; so do the tests'.

The host knows the application as the Functions host would: its functions, its HTTP surface, its runtime.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol, runtime_checkable

import azure.functions as func
from starlette.types import ASGIApp

from shared.domain import BlobProperties
from shared.services import Services
from shared.settings import Settings


@runtime_checkable
class WatchedBlobs(Protocol):
    """What the blob trigger uses of a `WatchedBlobStore`; other stores' changes come from elsewhere."""

    async def head(self, name: str) -> BlobProperties | None: ...

    def changes(self) -> AsyncIterator[set[str]]: ...


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
