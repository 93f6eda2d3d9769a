"""Changes of the folder's blobs, by whatever tool, as the operating system tells them. Used by
`FolderBlobStore`."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from shared.blob_stores.folder_files import lies_in, look_at, walk
from shared.blob_stores.folder_names import fault_of, name_of

log = logging.getLogger(__name__)

_DEBOUNCE = 100  # ms to gather changes in one round
_POLL = 0.5  # seconds between two looks at all files
_IDLE_SHARE = 10  # times as long as the look itself took
_WAKE = 500  # ms after which a watch without changes says that it is on


async def watch(root: Path, *, force_polling: bool) -> AsyncGenerator[set[str], None]:
    """See `WatchedBlobStore.changes`. Polls where the system's notifications cannot be had."""
    if not force_polling:
        try:
            async with aclosing(_listen(root)) as rounds:
                async for names in rounds:
                    yield names
        except (OSError, WatchfilesRustInternalError) as error:
            log.warning("blob_notifications_unavailable: polling instead; %s", error)
    async with aclosing(_poll(root)) as rounds:
        async for names in rounds:
            yield names


async def _listen(root: Path) -> AsyncGenerator[set[str], None]:
    known: dict[str, str] | None = None
    notifications = awatch(
        root,
        watch_filter=None,
        debounce=_DEBOUNCE,
        rust_timeout=_WAKE,
        yield_on_timeout=True,
        force_polling=False,  # theirs compares whole seconds; ours is exact
        ignore_permission_denied=True,
    )
    async with aclosing(notifications):
        async for changes in notifications:
            paths = [path for _, path in changes]
            if known is None:
                known = await asyncio.to_thread(_etags, root)
                yield await asyncio.to_thread(_apply, root, paths, known)
            elif names := await asyncio.to_thread(_apply, root, paths, known):
                yield names


async def _poll(root: Path) -> AsyncGenerator[set[str], None]:
    known = await asyncio.to_thread(_etags, root)
    yield set()
    while True:
        started = time.monotonic()
        names = await asyncio.to_thread(_compare, root, "", known)
        pause = max(_POLL, _IDLE_SHARE * (time.monotonic() - started))
        if names:
            yield names
        await asyncio.sleep(pause)


def _apply(root: Path, paths: Iterable[str], known: dict[str, str]) -> set[str]:
    """The blobs behind the changed paths; `known`, their etags by name, is brought up to date."""
    changed: set[str] = set()
    for path in paths:
        name = name_of(root, path)
        if fault_of(name) is not None:
            continue
        blob = look_at(root, Path(path), name)
        if blob is not None:
            known[name] = blob.etag
            changed.add(name)
            continue
        was_file = known.pop(name, None) is not None
        if was_file:
            changed.add(name)
        if not was_file or Path(path).is_dir():
            changed |= _compare(root, name + "/", known)
    return changed


def _compare(root: Path, folder: str, known: dict[str, str]) -> set[str]:
    """What differs below a folder: its files come and go with it, without a word of their own."""
    before = {name: etag for name, etag in known.items() if name.startswith(folder)}
    after = _etags(root, folder) if lies_in(root, root / folder) else {}
    changed = {name for name, _ in before.items() ^ after.items()}
    for name in changed:
        known.pop(name, None)
    known.update(after)
    return changed


def _etags(root: Path, folder: str = "") -> dict[str, str]:
    return {blob.name: blob.etag for blob in walk(root, folder=folder)}
