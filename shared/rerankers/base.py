"""The `Reranker` protocol: passages in, how well each answers the question out. Called by query.retrieve.

Azure's semantic ranker is none: it works inside the service, as a setting of `AzureSearchIndex`, and its
hits arrive in its order already.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.domain import Passage


class Reranker(Protocol):
    """Errors: `BackendUnavailable`, `BackendTimeout`; the search then keeps its own order."""

    @property
    def depth(self) -> int:
        """How many passages are worth its time."""

    async def scores(self, question: str, passages: Sequence[Passage], *, timeout: float) -> list[float]:
        """One per passage, in order; higher is better. `timeout` in seconds."""

    async def close(self) -> None: ...
