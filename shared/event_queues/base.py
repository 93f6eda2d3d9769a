"""The `EventQueue` protocol: one store of named queues with Azure Storage Queues' semantics.

Called by ingest (to announce work) and by the standalone host (to fire queue triggers).
"""

from typing import Protocol

from shared.domain import QueueMessage


class EventQueue(Protocol):
    """At least once, roughly in order. Queues come to be when first used. Errors: `BackendUnavailable`."""

    async def send(self, queue: str, body: str, *, delay: float = 0.0) -> None: ...

    async def receive(self, queue: str, *, limit: int, visibility: float) -> list[QueueMessage]:
        """At once, what is visible (perhaps nothing), hidden from others for `visibility` seconds."""

    async def extend(self, queue: str, message: QueueMessage, *, visibility: float) -> QueueMessage | None:
        """Hide it for `visibility` seconds from now, 0 to hand it back; None if the hold was lost.

        The hold is lost when somebody else has received the message since, not by time alone. Only the
        returned message proves the hold from then on.
        """

    async def delete(self, queue: str, message: QueueMessage) -> bool:
        """Done with it; False if the hold was lost."""

    async def length(self, queue: str) -> int:
        """Messages, visible or not."""

    async def oldest(self, queue: str) -> float | None:
        """When the oldest message was sent; None for an empty queue or a store that cannot tell."""

    async def close(self) -> None: ...
