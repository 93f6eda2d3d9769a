"""Where files go: what `rag ingest` asks of it. The stores of the settings are one, a host is another."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from shared.domain import BlobProperties, Document, DocumentStatus


class Container(Protocol):
    """Of `BlobStore` what bringing files takes, with its errors."""

    async def head(self, name: str) -> BlobProperties | None: ...

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties: ...

    def read(self, name: str) -> AsyncIterator[bytes]: ...

    async def delete(self, name: str) -> bool: ...


class Records(Protocol):
    """Of `DocumentStore` what following them takes, with its errors."""

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]: ...

    async def count_documents(self) -> dict[DocumentStatus, int]: ...
