"""The blobs of a run, in memory: the world changes them, the pipeline reads them, the checks remember."""

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.domain import BlobProperties
from shared.errors import NotFound

_PAGE = 2  # blobs of a listing that are one look


@dataclass(frozen=True, kw_only=True)
class BlobState:
    """A name from `moment` on; moments are counted over all names."""

    moment: int
    text: str | None  # None: there is no blob
    properties: BlobProperties | None


class SimulatedBlobs:
    """Implements what the pipeline uses of `BlobStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._moments = itertools.count(1)
        self._copies = itertools.count()
        self.history: dict[str, list[BlobState]] = {}

    def store(self, name: str, text: str) -> BlobProperties:
        """Under a new etag, whether or not the text is another one."""
        moment = next(self._moments)
        properties = BlobProperties(
            name=name, etag=f"e{moment}", size=len(text.encode()), modified_at=time.time()
        )
        self._remember(name, BlobState(moment=moment, text=text, properties=properties))
        return properties

    def state(self, name: str) -> BlobState:
        states = self.history.get(name)
        return states[-1] if states else BlobState(moment=0, text=None, properties=None)

    def last_seen(self, name: str, text: str) -> int:
        """The last moment up to which the blob had this text; 0: never."""
        states = self.history.get(name, [])
        return max((state.moment for state in states if state.text == text), default=0)

    async def head(self, name: str) -> BlobProperties | None:
        return self.state(name).properties

    async def delete(self, name: str) -> bool:
        if self.state(name).text is None:
            return False
        self._remember(name, BlobState(moment=next(self._moments), text=None, properties=None))
        return True

    @asynccontextmanager
    async def local_copy(self, name: str) -> AsyncIterator[tuple[Path, BlobProperties]]:
        state = self.state(name)
        if state.text is None or state.properties is None:
            raise NotFound(f"there is no {name}")
        path = self._folder / f"copy-{next(self._copies)}"
        path.write_text(state.text)
        try:
            yield path, state.properties
        finally:
            path.unlink()

    async def list(self, prefix: str = "") -> AsyncIterator[BlobProperties]:
        after = ""
        while page := list(itertools.islice(self._present(prefix, after), _PAGE)):
            for properties in page:
                yield properties
            after = page[-1].name

    async def close(self) -> None:
        pass

    def _present(self, prefix: str, after: str) -> Iterator[BlobProperties]:
        for name in sorted(self.history):
            properties = self.state(name).properties
            if properties is not None and name.startswith(prefix) and name > after:
                yield properties

    def _remember(self, name: str, state: BlobState) -> None:
        self.history.setdefault(name, []).append(state)
