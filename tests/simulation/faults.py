"""What can go wrong with a call of a plug, and the stand-in before each plug that makes it go wrong."""

import asyncio
import inspect
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from shared.domain import BlobProperties
from shared.errors import BackendTimeout, BackendUnavailable
from tests.simulation.trace import Trace


@dataclass(kw_only=True)
class Faults:
    """Shares of all calls; all 0: nothing goes wrong."""

    refused: float = 0.0  # nothing happened
    unanswered: float = 0.0  # it happened, but the caller does not get to know
    stalled: float = 0.0  # it takes longer than a message stays hidden
    latency: float = 0.05  # seconds that half a call takes, on average
    outages: set[str] = field(default_factory=set)  # plugs that refuse everything

    def end(self) -> None:
        self.refused = self.unanswered = self.stalled = 0.0
        self.latency = 0.05
        self.outages.clear()


class Process:
    """Whose calls they are: killed, none of them goes on, and nobody cleans up behind it."""

    def __init__(self, name: str, seed: int, faults: Faults, trace: Trace) -> None:
        self.name = name
        self.trace = trace
        self.is_dead = False
        self._hanging: list[
            asyncio.Future[None]
        ] = []  # kept, so that nothing that hangs on them is collected
        # Of its own: leaving out what others do changes as little as possible of what it does.
        self._rng = random.Random(f"{seed} {name}")
        self._faults = faults

    async def before(self, plug: str) -> None:
        await self.pause()
        if plug in self._faults.outages or self._rng.random() < self._faults.refused:
            raise BackendUnavailable(f"{plug} is down")

    async def after(self, plug: str) -> None:
        await self.pause()
        if self._rng.random() < self._faults.unanswered:
            raise BackendTimeout(f"{plug} did not answer")

    async def pause(self) -> None:
        """Let others go on."""
        is_stalled = self._rng.random() < self._faults.stalled
        await asyncio.sleep(
            self._rng.uniform(5, 40) if is_stalled else self._rng.expovariate(1 / self._faults.latency)
        )
        if self.is_dead:
            never = asyncio.get_running_loop().create_future()
            self._hanging.append(never)
            await never


Applied = Callable[[str, tuple[Any, ...], Any], None]


class Plug:
    """Every coroutine and every listing of the real plug, with a chance to be interrupted on both sides."""

    def __init__(self, kind: str, plug: Any, process: Process, applied: Applied | None = None) -> None:
        self._kind, self._plug, self._process, self._applied = kind, plug, process, applied

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._plug, name)
        if name != "close":
            if inspect.iscoroutinefunction(member):
                member = partial(self._call, name, member)
            elif inspect.isasyncgenfunction(member):
                member = partial(self._list, member)
            setattr(self, name, member)
        return member

    async def _call(self, name: str, member: Callable[..., Any], *given: Any, **named: Any) -> Any:
        await self._process.before(self._kind)
        what = f"{self._kind}.{name}"
        values = (*given, *named.values())
        try:
            result = await member(*given, **named)
        except Exception as error:
            self._process.trace.add(self._process.name, what, values, error)
            raise
        self._process.trace.add(self._process.name, what, values, result)
        if self._applied is not None:
            self._applied(name, given, result)
        await self._process.after(self._kind)
        return result

    async def _list(self, member: Callable[..., AsyncIterator[Any]], *given: Any) -> AsyncIterator[Any]:
        await self._process.before(self._kind)
        async for each in member(*given):
            yield each
            await self._process.pause()


class BlobsPlug(Plug):
    @asynccontextmanager
    async def local_copy(self, name: str) -> AsyncIterator[tuple[Path, BlobProperties]]:
        await self._process.before(self._kind)
        async with self._plug.local_copy(name) as copy:
            self._process.trace.add(self._process.name, "blobs.local_copy", (name,), copy[1].etag)
            await self._process.after(self._kind)
            yield copy


class IndexesPlug(Plug):
    def open(self, name: str, *, dimension: int) -> Any:
        return Plug(f"index {name.split('-')[1]}", self._plug.open(name, dimension=dimension), self._process)
