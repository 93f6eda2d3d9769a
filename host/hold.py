"""The hold on one queue message: renewed while its function runs, settled once. Used by the queue trigger."""

import asyncio
import logging
from types import TracebackType
from typing import Self

from host.options import QueueOptions
from shared.domain import QueueMessage
from shared.event_queues.base import EventQueue
from shared.telemetry.logs import event

log = logging.getLogger(__name__)


class Hold:
    """As a context it renews itself. A hold that was lost settles nothing: somebody else has the message."""

    def __init__(self, queue: EventQueue, name: str, message: QueueMessage, options: QueueOptions) -> None:
        self.message = message
        self._queue = queue
        self._name = name
        self._options = options
        # A renewal changes the receipt: it must not be cut off between the store's change and ours.
        self._changing = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._changing:
            self._stop_renewing()

    async def take_back(self, message: QueueMessage) -> bool:
        """It was lost and came to this very host again: go on with it. False once it is being settled."""
        async with self._changing:
            if self._renewing is None:
                return False
            self._renewing.cancel()  # it may have ended when it found the hold lost
            self.message = message
            self._renewing = asyncio.create_task(self._renew())
            return True

    async def delete(self) -> None:
        async with self._changing:
            self._stop_renewing()
            if not await self._queue.delete(self._name, self.message):
                self._log_lost()

    async def hand_back(self, *, delay: float) -> None:
        """Others may take it after `delay` seconds."""
        async with self._changing:
            self._stop_renewing()
            if await self._queue.extend(self._name, self.message, visibility=delay) is None:
                self._log_lost()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._options.renew_every)
            async with self._changing:
                try:
                    renewed = await self._queue.extend(
                        self._name, self.message, visibility=self._options.visibility
                    )
                except Exception as error:  # noqa: BLE001 - the next renewal tries again, within the same hold
                    event(log, "hold_not_renewed", level=logging.ERROR, error=error, queue=self._name)
                    continue
                if renewed is None:
                    self._log_lost()
                    return
                self.message = renewed

    def _stop_renewing(self) -> None:
        """Only under the lock: then the renewal sleeps or waits, and is not in the store."""
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None

    def _log_lost(self) -> None:
        event(log, "hold_lost", level=logging.WARNING, queue=self._name, message_id=self.message.id)
