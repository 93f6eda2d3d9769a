"""The `BlobStore` protocol: one container of uploaded files. Called by ingest and the documents routes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from shared.domain import BlobProperties, DirectUpload


class BlobStore(Protocol):
    """Names are paths inside the container, `/` between their parts.

    Errors: `NotFound` for a blob that is not there (`head` and `delete` say it in their result),
    `InvalidRequest` for a name the store cannot hold, `TooLarge`, `BackendUnavailable`.
    """

    async def head(self, name: str) -> BlobProperties | None: ...

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties:
        """Whole or not at all: a reader sees the old content or the new. `TooLarge` past max_size."""

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """In pieces of at most 1 MiB."""

    def local_copy(self, name: str) -> AbstractAsyncContextManager[tuple[Path, BlobProperties]]:
        """A file on this machine with the blob's content, unchanging while the context is open,
        and the properties that belong to exactly this content; removed afterwards."""

    async def delete(self, name: str) -> bool:
        """Whether it was there."""

    def list(self, prefix: str = "") -> AsyncIterator[BlobProperties]:
        """By name, paged inside."""

    async def direct_upload(self, name: str, *, expires_in: float) -> DirectUpload | None:
        """A door that takes one PUT of the content without a token for so many seconds; None: this store
        has none."""

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class WatchedBlobStore(BlobStore, Protocol):
    """A store that can tell its changes itself, as the folder of the local profile does."""

    def changes(self) -> AsyncGenerator[set[str], None]:
        """Names created, changed or deleted since the last round, by whatever process.

        The first round says that watching has begun and may be empty: what is listed after it misses
        nothing. Errors end the iteration.
        """
