"""`EmbeddedSearchIndexes`: a folder of embedded indexes, one folder each. Built by compose."""

import asyncio
import shutil
from pathlib import Path

from shared.errors import BackendUnavailable
from shared.search_indexes.embedded import EmbeddedSearchIndex


class EmbeddedSearchIndexes:
    """Implements `SearchIndexes`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str, *, dimension: int) -> EmbeddedSearchIndex:
        return EmbeddedSearchIndex(self._folder, name, dimension)

    async def adopted(self, base: str) -> str | None:
        return base if await asyncio.to_thread((self._folder / base).is_dir) else None

    async def point(self, base: str, name: str) -> None:
        """Nobody else reads these."""

    async def remove(self, name: str) -> None:
        try:
            await asyncio.to_thread(shutil.rmtree, self._folder / name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise BackendUnavailable(f"the index {name} cannot be removed: {error}") from error

    async def close(self) -> None:
        """Nothing is open here."""
