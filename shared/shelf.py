"""The versions of the search index: which one is live, and which others are kept filled beside it.

Built by `compose`; asked by the pipelines and the edge. The metadata store is the authority (ADR 0006): the
record that names the live index is one value, so a switch is one write, and every process follows within
a second.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.domain import IndexState, IndexVersion
from shared.embedders.base import Embedder
from shared.errors import BackendUnavailable, NotFound
from shared.metadata_stores.base import IndexVersionStore
from shared.search_indexes.base import SearchIndex, SearchIndexes

_FRESH = 1.0  # seconds that a process may go on with what it has read
_CLOSED_AFTER = 60.0  # seconds; longer than any request can still be reading an index that was removed


@dataclass(frozen=True, kw_only=True)
class Chunking:
    """How documents are cut for new index versions, in characters."""

    chars: int = 900
    overlap: int = 120


@dataclass(frozen=True, kw_only=True)
class OpenIndex:
    """An index with the embedder that fills it and embeds its questions."""

    version: IndexVersion
    search_index: SearchIndex
    embedder: Embedder

    @property
    def name(self) -> str:
        return self.version.name


class IndexShelf:
    """`open_embedder` is given the name and the dimension that a version records, or that a person names for
    a new one. `embedder` and `chunking`: of new ones, where nothing is said."""

    def __init__(
        self,
        *,
        base: str,
        indexes: SearchIndexes,
        versions: IndexVersionStore,
        embedder: Embedder,
        open_embedder: Callable[[str, int | None], Embedder],
        chunking: Chunking,
    ) -> None:
        self.base = base
        self.indexes = indexes
        self._store = versions
        self._embedder = embedder
        self._open_embedder = open_embedder
        self._chunking = chunking
        self._opened: dict[str, SearchIndex] = {}
        self._gone: dict[str, float] = {}  # name of a removed index that is open: since when
        self._embedders: dict[tuple[str, int], Embedder] = {(embedder.name, embedder.dimension): embedder}
        self._known: list[IndexVersion] = []
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def live(self) -> OpenIndex:
        """What questions are answered from."""
        return self.open(_live_of(await self.versions()))

    async def filled(self) -> list[IndexVersion]:
        """Live, building and standby, the live one first; read anew."""
        filled = [version for version in await self.versions(fresh=True) if version.is_filled]
        return sorted(filled, key=lambda version: version.state is not IndexState.LIVE)

    async def everywhere(self) -> list[SearchIndex]:
        """What a change of readers or a removal has to reach."""
        return [self.search_index(version) for version in await self.filled()]

    async def named(self, name: str) -> OpenIndex:
        """Errors: `NotFound`."""
        for version in await self.versions():
            if version.name == name and version.is_filled:
                return self.open(version)
        raise NotFound(f"there is no index {name}")

    async def versions(self, *, fresh: bool = False) -> list[IndexVersion]:
        """All, removed ones too, by number. The first call makes the first version."""
        if fresh or time.monotonic() - self._read_at > _FRESH:
            async with self._reading:
                if fresh or time.monotonic() - self._read_at > _FRESH:
                    self._known = await self._read()
                    self._read_at = time.monotonic()
                    await self._close_removed()
        return self._known

    def open(self, version: IndexVersion) -> OpenIndex:
        """Errors: `ConfigError` where this process has no such embedder."""
        key = (version.embedder, version.dimension)
        if key not in self._embedders:
            self._embedders[key] = self._open_embedder(*key)
        return OpenIndex(
            version=version, search_index=self.search_index(version), embedder=self._embedders[key]
        )

    def search_index(self, version: IndexVersion) -> SearchIndex:
        if version.name not in self._opened:
            self._opened[version.name] = self.indexes.open(version.name, dimension=version.dimension)
        return self._opened[version.name]

    def next_version(
        self, known: list[IndexVersion], embedder: Embedder, chunking: Chunking, *, name: str | None = None
    ) -> IndexVersion:
        """A version that nothing records yet."""
        number = max((version.number for version in known), default=0) + 1
        now = datetime.now(UTC)
        return IndexVersion(
            name=name or f"{self.base}-v{number}-{now:%Y%m%dt%H%M%S}",
            base=self.base,
            number=number,
            embedder=embedder.name,
            dimension=embedder.dimension,
            chunk_chars=chunking.chars,
            chunk_overlap=chunking.overlap,
            created_at=now.timestamp(),
            changed_at=now.timestamp(),
        )

    async def planned(
        self,
        *,
        embedder: str | None = None,
        dimension: int | None = None,
        chars: int | None = None,
        overlap: int | None = None,
    ) -> IndexVersion:
        """A version that nothing records yet. Errors: `ConfigError` where there is no such embedder here."""
        chosen = self._embedder if embedder is None else await self._named_embedder(embedder, dimension)
        chunking = Chunking(
            chars=self._chunking.chars if chars is None else chars,
            overlap=self._chunking.overlap if overlap is None else overlap,
        )
        return self.next_version(await self.versions(fresh=True), chosen, chunking)

    async def close(self) -> None:
        """Every index and embedder that was opened here."""
        for index in self._opened.values():
            await index.close()
        for embedder in self._embedders.values():
            await embedder.close()
        await self.indexes.close()

    async def _read(self) -> list[IndexVersion]:
        known = await self._store.index_versions(self.base)
        if any(version.state is IndexState.LIVE for version in known):
            return known
        adopted = await self.indexes.adopted(self.base)
        first = self.next_version(known, self._embedder, self._chunking, name=adopted)
        if adopted is not None:  # else it would be recorded as holding embeddings that it does not hold
            await self.search_index(first).count()
        live = await self._store.first_index(first)
        await self.search_index(live).count()  # there has to be something to point to
        await self.indexes.point(self.base, live.name)
        return await self._store.index_versions(self.base)

    async def _named_embedder(self, name: str, dimension: int | None) -> Embedder:
        opened = self._open_embedder(name, dimension)
        known = self._embedders.setdefault((opened.name, opened.dimension), opened)
        if known is not opened:
            await opened.close()
        return known

    async def _close_removed(self) -> None:
        now = time.monotonic()
        filled = {version.name for version in self._known if version.is_filled}
        for name in self._opened.keys() - filled:
            if now - self._gone.setdefault(name, now) > _CLOSED_AFTER:
                await self._opened.pop(name).close()
                del self._gone[name]


def _live_of(versions: list[IndexVersion]) -> IndexVersion:
    for version in versions:
        if version.state is IndexState.LIVE:
            return version
    raise BackendUnavailable("no index is live")
