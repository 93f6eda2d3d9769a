"""Answers that are being written, by what was asked: of several who ask the same, one has it written.

`Services` holds one `Flights` per process; called by query.answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from shared.domain import ChatDelta, Degraded, Usage
from shared.errors import BackendUnavailable


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer before it is anybody's."""

    text: str
    model: str
    usage: Usage = field(default_factory=Usage)
    degraded: Degraded | None = None
    reason: str | None = None


@dataclass(kw_only=True)
class Flight:
    """One answer being written. Who follows it sees all of it, whenever he comes."""

    text: str = ""
    reply: Reply | None = None  # once it is whole
    _error: BaseException | None = None
    _followers: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    abandon: Callable[[], None] = lambda: None  # what its last follower does on leaving

    def say(self, text: str) -> None:
        self.text += text
        self._changed.set()

    async def follow(self) -> AsyncGenerator[ChatDelta, None]:
        """What is said; the pieces are those that have come by the time this follower looks.

        Errors: those of the writing. When its last follower leaves, it is cancelled.
        """
        self._followers += 1
        shown = 0
        try:
            while True:
                if shown < len(self.text):
                    piece, shown = self.text[shown:], len(self.text)
                    yield ChatDelta(text=piece)
                elif self._error is not None:
                    raise self._error
                elif self.reply is not None:
                    return
                else:
                    self._changed.clear()  # all that was said so far has been looked at
                    await self._changed.wait()
        finally:
            self._followers -= 1
            if not self._followers and self.reply is None:
                self.abandon()

    async def write(self, writing: Callable[["Flight"], Awaitable[Reply]]) -> Reply:
        try:
            self.reply = await writing(self)
        except asyncio.CancelledError:
            self._error = BackendUnavailable("the answer was broken off: this instance is stopping")
            raise
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._changed.set()
        return self.reply


class Flights:
    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, key: str) -> Flight | None:
        """One that can be followed from its first word."""
        return self._flights.get(key)

    def start(
        self,
        key: str,
        writing: Callable[[Flight], Awaitable[Reply]],
        landed: Callable[[Reply], Awaitable[None]],
    ) -> Flight:
        """`writing` says its text to the flight; `landed` is given the reply after everybody else."""

        async def fly() -> None:
            try:
                await landed(await flight.write(writing))
            finally:
                self._forget(key, flight)

        flight = Flight()
        task = asyncio.create_task(fly())

        def abandon() -> None:
            self._forget(key, flight)
            task.cancel()

        flight.abandon = abandon
        self._flights[key] = flight
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return flight

    async def close(self) -> None:
        """Whatever is still being written is broken off."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # every follower raises it; that is enough

    def _forget(self, key: str, flight: Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
