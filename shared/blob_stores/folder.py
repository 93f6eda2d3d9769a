"""`FolderBlobStore`: the uploads of the local profile, as ordinary files in a folder. Built by compose.

Whatever lies in the folder is a blob, whoever put it there, but for hidden and temporary files and links.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, closing
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar

from shared.blob_stores import folder_files
from shared.blob_stores.folder_changes import watch
from shared.blob_stores.folder_files import OpenFile
from shared.blob_stores.folder_names import path_of
from shared.domain import BlobProperties
from shared.errors import BackendUnavailable, InvalidRequest, TooLarge

P = ParamSpec("P")
T = TypeVar("T")

_PIECE = 1024 * 1024
_PAGE = 500  # blobs per visit of the thread that lists
_QUIET = 0.3  # seconds since the last write after which a file counts as written
_PATIENCE = 20.0  # seconds for a file to become quiet


class FolderBlobStore:
    """`force_polling` is for network folders, whose changes the operating system does not tell."""

    def __init__(self, root: Path, *, force_polling: bool = False) -> None:
        self._root = root.resolve()
        self._force_polling = force_polling
        self._is_prepared = False
        self._whole: dict[str, BlobProperties] = {}  # put in the last moment, in one step, by name

    async def head(self, name: str) -> BlobProperties | None:
        path = path_of(self._root, name)
        return await self._in_thread(folder_files.look_at, self._root, path, name)

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties:
        path = path_of(self._root, name)
        await self._prepare()
        with closing(await self._in_thread(folder_files.open_draft, self._root)) as draft:
            await self._receive(content, draft.descriptor, max_size)
            blob = await self._in_thread(folder_files.finish, self._root, draft, path, name)
        since = time.time() - _QUIET
        lately = {each.name: each for each in self._whole.values() if each.modified_at > since}
        self._whole = {**lately, name: blob}
        return blob

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        with closing(await self._open(name)) as file:
            end = os.fstat(file.descriptor).st_size if length is None else offset + length
            while piece := await self._in_thread(
                os.pread, file.descriptor, max(0, min(_PIECE, end - offset)), offset
            ):
                yield piece
                offset += len(piece)

    @asynccontextmanager
    async def local_copy(self, name: str) -> AsyncIterator[tuple[Path, BlobProperties]]:
        path_of(self._root, name)
        await self._prepare()
        opening = self._in_thread(folder_files.open_draft, self._root, suffix=Path(name).suffix[:32])
        with closing(await opening) as draft:
            blob = await self._copy_quiet(name, draft.descriptor)
            assert draft.draft is not None
            yield draft.draft, blob

    async def delete(self, name: str) -> bool:
        return await self._in_thread(folder_files.remove, self._root, path_of(self._root, name), name)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobProperties]:
        await self._prepare()
        blobs = folder_files.walk(self._root, prefix)
        while page := await self._in_thread(lambda: [*islice(blobs, _PAGE)]):
            for blob in page:
                yield blob

    async def changes(self) -> AsyncGenerator[set[str], None]:
        await self._prepare()
        async with aclosing(watch(self._root, force_polling=self._force_polling)) as rounds:
            async for names in rounds:
                yield names

    async def direct_upload(self, name: str, *, expires_in: float) -> None:  # noqa: ARG002 none whatever the name
        path_of(self._root, name)

    async def ping(self) -> None:
        await self._prepare()
        if not await self._in_thread(os.access, self._root, os.R_OK | os.W_OK | os.X_OK):
            raise BackendUnavailable(f"the uploads folder is not there or not writable; check {self._root}")

    async def close(self) -> None:
        """Nothing is held open."""

    async def _prepare(self) -> None:
        """Make the folder at first use; never again, so that an unmounted disk is noticed."""
        if not self._is_prepared:
            await self._in_thread(self._root.mkdir, parents=True, exist_ok=True)
            await self._in_thread(folder_files.sweep, self._root)
            self._is_prepared = True

    async def _receive(self, content: AsyncIterator[bytes], descriptor: int, max_size: int) -> None:
        size, gathered = 0, bytearray()
        async for piece in content:
            size += len(piece)
            if size > max_size:
                raise TooLarge(f"the file is larger than {max_size} bytes")
            gathered += piece
            if len(gathered) >= _PIECE:
                await self._in_thread(folder_files.write_all, descriptor, bytes(gathered))
                gathered.clear()
        await self._in_thread(folder_files.write_all, descriptor, bytes(gathered))

    async def _open(self, name: str) -> OpenFile:
        return await self._in_thread(folder_files.open_blob, self._root, path_of(self._root, name), name)

    async def _copy_quiet(self, name: str, target: int) -> BlobProperties:
        """Copy the file when nobody has written to it for a moment, and again if somebody did meanwhile.

        What was put here came in one step, so that nobody is still writing it.
        """
        patience_ends = time.monotonic() + _PATIENCE
        while time.monotonic() < patience_ends:
            with closing(await self._open(name)) as file:
                blob = folder_files.properties(name, os.fstat(file.descriptor))
                # A time in the future tells nothing; there only the comparison below does.
                age = time.time() - blob.modified_at
                if 0 <= age < _QUIET and self._whole.get(name) != blob:
                    await asyncio.sleep(_QUIET - age)
                    continue
                await self._in_thread(folder_files.copy, file.descriptor, target)
                if await self.head(name) == blob:
                    return blob
        raise BackendUnavailable(f"{name} is still being written; it is read when it is complete")

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A cancelled caller waits for the thread, which may still be using its file."""
        running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            (lost,) = await asyncio.gather(running, return_exceptions=True)
            if isinstance(lost, OpenFile):
                lost.close()
            raise
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise InvalidRequest("this file name cannot be used: it is too long for the disk") from error
            raise BackendUnavailable(f"uploads folder: {error.strerror}; check {self._root}") from error
