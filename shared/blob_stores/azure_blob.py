"""`AzureBlobStore`: the uploads in one container of a storage account. Built by compose.

A blob under a name that no upload could have (hidden, temporary) is left alone, as in the local folder.
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared.azure_sdk import AzureService, calling
from shared.azure_storage import CLIENT_OPTIONS, SETTING, StorageAccount, code_of
from shared.blob_stores.azure_blob_door import AzureBlobDoor
from shared.blob_stores.azure_blob_names import fault_of
from shared.blob_stores.azure_blob_order import in_order
from shared.domain import BlobProperties, DirectUpload
from shared.errors import BackendUnavailable, InvalidRequest, NotFound, TooLarge

_SERVICE = AzureService(
    name="the blob storage", setting=SETTING, key_setting=SETTING, role="Storage Blob Data Contributor"
)
_PIECE = 1024 * 1024  # bytes of a request, up or down; aiohttp warns of larger bodies
_PAGE = 1000  # blobs of a listing's request
_TIMEOUT = 30.0  # seconds for one request and its repetitions
_COPY_ATTEMPTS = 5  # how often a blob may be replaced while it is copied


class _ReplacedError(BackendUnavailable):
    """The blob is not the one any more that was being read."""


class AzureBlobStore:
    """The container is made at first use, where it is missing and the identity may."""

    def __init__(self, *, account: StorageAccount, container: str = "uploads") -> None:
        self._service = BlobServiceClient(account.blob_url, credential=account.credential, **CLIENT_OPTIONS)
        self._container = self._service.get_container_client(container)
        self._door = AzureBlobDoor(account=account, service=self._service, container=container)
        self._is_prepared = False

    async def head(self, name: str) -> BlobProperties | None:
        try:
            return await self._look(name)
        except NotFound:
            return None

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties:
        client = self._client(name)
        async with aclosing(_blocks(content, max_size)) as blocks:
            first = await anext(blocks, b"")
            if len(first) == _PIECE:
                return await self._put_in_blocks(client, first, blocks)
        async with self._asking(name):
            stored = await client.upload_blob(first, overwrite=True)
        return _described(name, stored["etag"], len(first), stored["last_modified"])

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        blob = await self._look(name)
        end = blob.size if length is None else min(blob.size, offset + length)
        async with aclosing(self._pieces(blob, offset, end)) as pieces:
            async for piece in pieces:
                yield piece

    @asynccontextmanager
    async def local_copy(self, name: str) -> AsyncIterator[tuple[Path, BlobProperties]]:
        self._client(name)
        with tempfile.NamedTemporaryFile(prefix="rag-", suffix=Path(name).suffix[:32]) as file:
            blob = await self._copy(name, file)
            yield Path(file.name), blob

    async def delete(self, name: str) -> bool:
        client = self._client(name)
        try:
            async with self._asking(name):
                await client.delete_blob(delete_snapshots="include")
        except NotFound:
            return False
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[BlobProperties]:
        async with aclosing(self._pages(prefix)) as found, aclosing(in_order(found)) as blobs:
            async for blob in blobs:
                yield blob

    async def direct_upload(self, name: str, *, expires_in: float) -> DirectUpload:
        client = self._client(name)
        await self._prepare()
        return await self._door.open(client, expires_in=expires_in)

    async def ping(self) -> None:
        async with self._asking():
            await self._container.get_container_properties()

    async def close(self) -> None:
        await self._service.close()

    def _client(self, name: str) -> BlobClient:
        fault = fault_of(name)
        if fault is not None:
            raise InvalidRequest(f"this file name cannot be used: {fault}")
        return self._container.get_blob_client(name)

    async def _prepare(self) -> None:
        if self._is_prepared:
            return
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                await self._container.create_container()
            except ResourceExistsError:
                pass
            except HttpResponseError as error:
                if error.status_code != 403:  # who may not make it can still use one that is there
                    raise
        self._is_prepared = True

    @asynccontextmanager
    async def _asking(self, name: str = "") -> AsyncIterator[None]:
        """Around one request. Errors: `NotFound`, `BackendUnavailable`."""
        await self._prepare()
        async with calling(_SERVICE, timeout=_TIMEOUT):
            try:
                yield
            except ResourceNotFoundError as error:
                if code_of(error) != "BlobNotFound":
                    # The container is missing. That must not read as "all documents were deleted".
                    raise
                raise NotFound(f"there is no file {name}") from error
            except ResourceModifiedError as error:
                raise _ReplacedError(
                    f"{name} was replaced or deleted while it was read", retry_after=1.0
                ) from error

    async def _look(self, name: str) -> BlobProperties:
        client = self._client(name)
        async with self._asking(name):
            found = await client.get_blob_properties()
        return _described(name, found.etag, found.size, found.last_modified)

    async def _put_in_blocks(
        self, client: BlobClient, first: bytes, rest: AsyncIterator[bytes]
    ) -> BlobProperties:
        """Until they are committed nobody sees the blocks; the service drops them after a week."""
        name, upload, size, block = client.blob_name, secrets.token_hex(8), 0, first
        staged = list[BlobBlock]()
        while block:
            staged.append(BlobBlock(f"{upload}{len(staged):05}"))  # ids must be of one length
            async with self._asking(name):
                await client.stage_block(staged[-1].id, block)
            size += len(block)
            block = await anext(rest, b"")
        async with self._asking(name):
            try:
                stored = await client.commit_block_list(staged)
            except HttpResponseError as error:
                if code_of(error) != "InvalidBlockList":
                    raise
                # Somebody has put the same name meanwhile, which drops blocks: ours counts as before theirs.
                stored = None
        if stored is None:
            return await self._look(name)
        return _described(name, stored["etag"], size, stored["last_modified"])

    async def _pieces(self, blob: BlobProperties, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from start to end of exactly this state of the blob."""
        client = self._client(blob.name)
        for offset in range(start, end, _PIECE):
            async with self._asking(blob.name):
                download = await client.download_blob(
                    offset,
                    min(_PIECE, end - offset),
                    etag=f'"{blob.etag}"',
                    match_condition=MatchConditions.IfNotModified,
                )
                piece = await download.readall()
            yield piece

    async def _copy(self, name: str, target: IO[bytes]) -> BlobProperties:
        for _ in range(_COPY_ATTEMPTS):
            blob = await self._look(name)
            target.seek(0)
            target.truncate()
            with suppress(_ReplacedError):
                async with aclosing(self._pieces(blob, 0, blob.size)) as pieces:
                    async for piece in pieces:
                        await _write(target, piece)
                return blob
        raise BackendUnavailable(f"{name} changes faster than it can be read")

    async def _pages(self, prefix: str) -> AsyncGenerator[BlobProperties, None]:
        pages = self._container.list_blobs(name_starts_with=prefix or None, results_per_page=_PAGE).by_page()
        while True:
            async with self._asking():
                page = await anext(pages, None)
                found = [] if page is None else [blob async for blob in page]
            if page is None:
                return
            for blob in found:
                if fault_of(blob.name) is None:
                    yield _described(blob.name, blob.etag, blob.size, blob.last_modified)


async def _blocks(content: AsyncIterator[bytes], max_size: int) -> AsyncGenerator[bytes, None]:
    """Blocks of the full size but for the last one."""
    size, gathered = 0, bytearray()
    async for piece in content:
        size += len(piece)
        if size > max_size:
            raise TooLarge(f"the file is larger than {max_size} bytes")
        gathered += piece
        while len(gathered) >= _PIECE:
            yield bytes(gathered[:_PIECE])
            del gathered[:_PIECE]
    if gathered:
        yield bytes(gathered)


async def _write(target: IO[bytes], content: bytes) -> None:
    def write() -> None:
        target.write(content)
        target.flush()

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        raise BackendUnavailable(f"no copy in {tempfile.gettempdir()}: {error.strerror}") from error


def _described(name: str, etag: str | datetime, size: int, modified: str | datetime) -> BlobProperties:
    """Listings give the etag bare, headers in quotes. The types are those of the SDK's dictionaries."""
    assert isinstance(etag, str)
    assert isinstance(modified, datetime)
    return BlobProperties(name=name, etag=etag.strip('"'), size=size, modified_at=modified.timestamp())
