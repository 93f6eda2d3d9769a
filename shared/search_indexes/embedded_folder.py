"""`EmbeddedSearchIndexes`: a folder of embedded indexes, one folder each. Built by compose."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

from shared.errors import BackendUnavailable
from shared.search_indexes.embedded import EmbeddedSearchIndex, home_of


class EmbeddedSearchIndexes:
    """Implements `SearchIndexes`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str, *, dimension: int) -> EmbeddedSearchIndex:
        return EmbeddedSearchIndex(self._folder, name, dimension)

    async def adopted(self, base: str) -> str | None:
        return base if await asyncio.to_thread(home_of(self._folder, base).is_dir) else None

    async def point(self, base: str, name: str) -> None:
        """Nobody else reads these."""

    async def remove(self, name: str) -> None:
        try:
            await asyncio.to_thread(_remove, home_of(self._folder, name), self._folder / f".{name}")
        except OSError as error:
            raise BackendUnavailable(f"the index {name} cannot be removed: {error}") from error

    async def close(self) -> None:
        """Nothing is open here."""


def _remove(home: Path, aside: Path) -> None:
    """Moved aside first: whoever still writes there is told by SQLite, and half of it is never found.

    A removal that was killed is finished by the next one; two at once share the work.
    """
    while aside.exists() or home.exists():
        with suppress(FileNotFoundError):
            if not aside.exists():
                home.rename(aside)
            shutil.rmtree(aside)
