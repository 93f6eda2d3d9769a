"""Folders that are followed while they change: `rag ingest --watch`. Called by `cli.ingest`.

The system says that something has changed; what has is found by looking at the files themselves. A file is
taken once two looks have seen it alike: while it is being written it is not.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console

from cli.bulk.failures import Failure, printable
from cli.bulk.files import LocalFile, Selection
from cli.errors import CommandError, WrongUseError
from shared.errors import BackendUnavailable
from shared.ingest.documents import display_name

_LOOK_EVERY = 500  # ms, at what is not at rest or not indexed yet
_DEBOUNCE = 200  # ms to gather changes in one round
_PAUSE = 10.0  # seconds until it is tried again, where a service is away

_State = tuple[int, int]  # size, time of the last change in ns
Bring = Callable[[Sequence[LocalFile]], Awaitable[list[Failure]]]
Delete = Callable[[str], Awaitable[bool]]


def check_folders(paths: Sequence[Path]) -> None:
    """Errors: `WrongUseError`: a file that is replaced is another one, which nobody tells of."""
    for path in paths:
        if not path.is_dir():
            raise WrongUseError(f"--watch follows folders, and {printable(str(path))} is none")


class Following:
    """Prints a line per event."""

    def __init__(
        self, select: Callable[[], Selection], bring: Bring, delete: Delete | None, console: Console
    ) -> None:
        self._select, self._bring, self._delete, self._console = select, bring, delete, console
        self._known: dict[str, _State] = {}
        self._seen: dict[str, _State] = {}
        self._paused_until = 0.0

    def start(self, files: Sequence[LocalFile]) -> None:
        """These are about to be brought as they are now."""
        self._known = self._seen = _states(files)

    @property
    def is_at_rest(self) -> bool:
        return self._seen == self._known or self.is_paused

    @property
    def is_paused(self) -> bool:
        """Something was away a moment ago."""
        return time.monotonic() < self._paused_until

    def pause(self) -> None:
        self._paused_until = time.monotonic() + _PAUSE

    async def look(self) -> None:
        """What could not be done is done at a later look.

        Errors: `CommandError` for a folder that is gone, those of `bring` and `delete`.
        """
        selection = self._select()
        before, now = self._seen, _states(selection.files)
        self._seen = now
        settled = {name for name, state in now.items() if before.get(name) == state}
        changed = [
            file
            for file in selection.files
            if file.name in settled and self._known.get(file.name) != now[file.name]
        ]
        if changed:
            failures = await self._bring(changed)
            away = {failure.name for failure in failures if failure.may_pass}
            self._known |= {file.name: now[file.name] for file in changed if file.name not in away}
            if away:
                self.pause()
            for failure in failures:
                self._say(failure.name, f"failed, {failure.reason}")
        if not selection.failures:  # what cannot be looked at is not gone
            await self._take_away(self._known.keys() - now.keys())

    async def _take_away(self, gone: set[str]) -> None:
        for name in sorted(gone):
            if self._delete is None:
                said = "gone here, and left there; --delete takes it away"
            else:
                said = "deleted" if await self._delete(name) else "gone, here and there"
            del self._known[name]
            self._say(name, said)

    def tell(self, line: str) -> None:
        self._console.print(printable(line), markup=False)

    def _say(self, name: str, what: str) -> None:
        self.tell(f"{display_name(name)}: {what}")


async def follow(
    folders: Sequence[Path],
    following: Following,
    *,
    first: Callable[[], Awaitable[None]],
    look_on: Callable[[], Awaitable[None]],
) -> None:
    """For ever: `first` starts it and brings what is there, once nothing that changes later can be missed;
    `look_on` follows what was brought.

    Errors: `CommandError` where the system does not tell what changes. A service that is away later on is
    waited for.
    """
    try:
        from watchfiles import awatch
        from watchfiles._rust_notify import WatchfilesRustInternalError
    except ImportError as error:
        raise CommandError("--watch needs watchfiles; requirements-local.txt has it") from error

    rounds = awatch(
        *folders,
        watch_filter=None,
        debounce=_DEBOUNCE,
        rust_timeout=_LOOK_EVERY,
        yield_on_timeout=True,
        ignore_permission_denied=True,
        raise_interrupt=True,
    )
    has_begun = False
    try:
        async for changes in rounds:
            if not has_begun:
                await first()
                has_begun = True
                continue
            await _go_on(following, look_on, is_told=bool(changes))
    except (OSError, WatchfilesRustInternalError) as error:
        raise CommandError(f"the system does not tell what changes: {error}") from error


async def _go_on(following: Following, look_on: Callable[[], Awaitable[None]], *, is_told: bool) -> None:
    try:
        if is_told or not following.is_at_rest:
            await following.look()
        await look_on()
    except BackendUnavailable as error:
        following.tell(f"{error}; trying again")
        following.pause()


def _states(files: Sequence[LocalFile]) -> dict[str, _State]:
    """Of those that are still there."""
    states = {}
    for file in files:
        try:
            told = file.path.stat()
        except FileNotFoundError:
            continue
        states[file.name] = (told.st_size, told.st_mtime_ns)
    return states
