"""The queue trigger: one queue's messages become invocations, at least once each. Built by the host.

A message is held while its function runs. Success deletes it; a failure hands it back with a growing delay;
after the last attempt it goes to `<queue>-poison` as it is. A host that dies loses its holds by itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from host.hold import Hold
from host.loops import wait
from host.options import QueueOptions
from shared.domain import QueueMessage
from shared.event_queues.base import EventQueue
from shared.telemetry.logs import event

log = logging.getLogger(__name__)


class QueueTrigger:
    """`invoke` calls the function with a message; what it raises is a failed attempt."""

    def __init__(
        self,
        queue: EventQueue,
        name: str,
        invoke: Callable[[QueueMessage], Awaitable[None]],
        *,
        poison: str,
        options: QueueOptions,
        stopping: asyncio.Event,
    ) -> None:
        self.name = name
        self._queue = queue
        self._invoke = invoke
        self._poison = poison
        self._options = options
        self._stopping = stopping
        self._rung = asyncio.Event()
        self._is_wary = True
        self._running: set[asyncio.Task[None]] = set()
        self._holds: dict[str, Hold] = {}  # by message id, while its function runs

    def ring(self) -> None:
        """Look at the queue at once: somebody may have sent."""
        self._rung.set()

    async def run(self) -> None:
        """Until the host stops, and then until what is in flight has ended.

        Cancelled, it hands back what is in flight. A crash leaves what is in flight running.
        """
        pause = self._options.poll_least
        try:
            while not self._stopping.is_set():
                self._rung.clear()
                free = self._room()
                if free and await self._take(free):
                    pause = self._options.poll_least
                elif not await wait(self._rung, timeout=pause if free else None):
                    pause = min(pause * 2, self._options.poll_most)
            while self._running:
                await asyncio.wait(self._running)
        except asyncio.CancelledError:
            await self._hand_back_all()
            raise

    def _room(self) -> int:
        """A host that has just started takes one at a time while those that come were often in vain.

        One of them may have killed its host each time: so it parks nothing but itself.
        """
        return (1 if self._is_wary else self._options.batch_size) - len(self._running)

    async def _take(self, limit: int) -> int:
        messages = await self._queue.receive(self.name, limit=limit, visibility=self._options.visibility)
        often = self._options.max_dequeue_count - 1
        if any(message.dequeue_count < often for message in messages):
            self._is_wary = False
        for message in messages:
            # A host that stood still, say, lost the hold: its function runs on, so nothing has failed.
            hold = self._holds.get(message.id)
            if hold is not None and await hold.take_back(message):
                continue
            task = asyncio.create_task(self._process(message), name=f"{self.name} {message.id}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(messages)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.ring()

    async def _process(self, message: QueueMessage) -> None:
        try:
            if message.dequeue_count > self._options.max_dequeue_count:
                # Its last attempt ended with the host's death, and so did perhaps those before.
                await self._park(Hold(self._queue, self.name, message, self._options))
            else:
                await self._attempt(message)
        except Exception as error:  # noqa: BLE001 - the hold runs out and the message comes again
            self._log("message_not_settled", message, logging.ERROR, error)

    async def _attempt(self, message: QueueMessage) -> None:
        attempt = message.dequeue_count
        async with Hold(self._queue, self.name, message, self._options) as hold:
            self._holds[message.id] = hold
            try:
                await self._invoke(message)
            except asyncio.CancelledError:
                await hold.hand_back(delay=0.0)
                raise
            except Exception as error:  # noqa: BLE001 - a function that fails is tried again, whatever it raised
                self._log("function_failed", message, logging.WARNING, error)
                await self._fail(hold, attempt)
            else:
                await hold.delete()
            finally:
                if self._holds.get(message.id) is hold:  # else a twin's
                    del self._holds[message.id]

    async def _fail(self, hold: Hold, attempt: int) -> None:
        if attempt >= self._options.max_dequeue_count:
            await self._park(hold)
            return
        delays = self._options.retry_delays
        await hold.hand_back(delay=delays[min(attempt, len(delays)) - 1])

    async def _park(self, hold: Hold) -> None:
        await self._queue.send(self._poison, hold.message.body)
        await hold.delete()
        self._log("message_parked", hold.message, logging.ERROR)

    def _log(self, name: str, message: QueueMessage, level: int, error: Exception | None = None) -> None:
        fields = {"queue": self.name, "message_id": message.id, "attempt": message.dequeue_count}
        event(log, name, level=level, error=error, **fields)

    async def _hand_back_all(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
