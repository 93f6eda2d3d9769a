"""The `SearchIndex` protocol: passages in, ranked passages out. Called by query and ingest."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from shared.domain import Chunk, Hit, IndexedChunk, SearchQuery


class SearchIndex(Protocol):
    """Errors: `BackendUnavailable` when it cannot be reached, `ConfigError` on another dimension.

    A write is searchable, by every process, when the call returns or within a second of it.
    """

    @property
    def name(self) -> str:
        """Which index answers, as `Answer.index` shows it."""

    @property
    def dimension(self) -> int: ...

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Insert, or replace by chunk id. All or an error; after an error, write again."""

    async def chunk_ids(self, document_id: str, version: int) -> frozenset[str]:
        """What is already written of one version: the checkpoint a retry continues from."""

    async def search(self, query: SearchQuery) -> list[Hit]:
        """At most `top_k` hits, best first, each readable by `query.readers`, of ANY version.

        hybrid: a fusion, the index's own, of BM25 over title, heading and content and of cosine
        similarity. `mode` text or vector: that leg alone, with its own score.
        Without an embedding, hybrid is text. No syntax in `text` has a meaning.
        """

    async def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[IndexedChunk]:
        """The adjoining chunks of the same version, in reading order, without the chunk itself.

        Their embeddings may be empty.
        """

    async def passages(self, document_id: str, version: int, *, first: int, last: int) -> list[Chunk]:
        """Those of the ordinals first…last, both included, in reading order; at most 1,000 at once."""

    async def set_readers(self, document_id: str, readers: frozenset[str]) -> None:
        """For every version's chunks of the document."""

    async def delete_versions(self, document_id: str, *, first: int = 0, last: int | None = None) -> int:
        """Remove the chunks of versions first…last, both included (None: no end); how many went.

        A range, because a writer may only ever remove what is older than or exactly its own: the
        chunks of a newer version may be half written by somebody else.
        """

    def versions(self) -> AsyncIterator[tuple[str, int]]:
        """Every (document id, version) that has chunks, for the reconciler; in no order."""

    async def count(self) -> int:
        """Chunks of all versions."""

    async def close(self) -> None: ...


class SearchIndexes(Protocol):
    """The indexes of one folder or service, by name. Errors: `BackendUnavailable`, `ConfigError`."""

    def open(self, name: str, *, dimension: int) -> SearchIndex:
        """Connects to nothing; the index comes to be at first use. Its opener closes it."""

    async def adopted(self, base: str) -> str | None:
        """The index that `base` stands for from before versions were recorded, if any."""

    async def point(self, base: str, name: str) -> None:
        """From now on others that ask this service for `base` get the index `name`. May be repeated."""

    async def remove(self, name: str) -> None:
        """Delete it with everything in it; one that is not there is none to delete.

        Who has it open elsewhere goes on for a while, is refused, or finds nothing; what such a one still
        writes is lost, and goes with the next removal. So may be, and is, repeated.
        """

    async def close(self) -> None: ...
