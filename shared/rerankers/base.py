"""The `Reranker` protocol: passages in, how well each answers the question out. Called by query.retrieve.

Azure's semantic ranker is none: it works inside the service, as a setting of `AzureSearchIndex`, and its
hits arrive in its order already.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.domain import Passage


class Reranker(Protocol):
    """Errors: `BackendUnavailable`. Who asks bounds the time, and goes on with the order of the search."""

    @property
    def depth(self) -> int:
        """How many passages are worth its time."""

    async def scores(self, question: str, passages: Sequence[Passage]) -> list[float]:
        """One per passage, in order; higher is better."""

    async def close(self) -> None: ...
