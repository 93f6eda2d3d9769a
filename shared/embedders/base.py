"""The `Embedder` protocol. Called by ingest for passages and by query for questions."""

from collections.abc import Sequence
from typing import Protocol

from shared.domain import Embedding


class Embedder(Protocol):
    """Embeddings have unit length. Errors: `BackendUnavailable`, `BackendTimeout`."""

    @property
    def name(self) -> str:
        """The model, as index versions record it."""

    @property
    def dimension(self) -> int: ...

    async def embed_passages(self, texts: Sequence[str], *, urgent: bool = False) -> list[Embedding]:
        """One embedding per text, in order; any number of texts. Text past the model's limit is cut.

        `urgent`: somebody waits for an answer; they go ahead of others that wait, as a question does.
        """

    async def embed_query(self, text: str) -> Embedding:
        """For a question; goes ahead of passages that wait."""

    async def close(self) -> None: ...
