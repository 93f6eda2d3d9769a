"""Hosts behind a balancer, and their release: each is replaced by a new one while the load goes on."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.real_host import RealHost
from tests.release.balancer import Backend, Balancer

T = TypeVar("T")

DRAIN = 2  # seconds: ten health checks
GRACE = 30
_PATIENCE = 60.0  # seconds for anything that is waited for


class Traffic:
    """A thread with an event loop, for balancer and load: the tests start and stop processes meanwhile."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="traffic")
        self._thread.start()
        return self

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    @contextmanager
    def during(self, context: AbstractAsyncContextManager[None]) -> Iterator[None]:
        self.run(context.__aenter__())
        try:
            yield
        finally:
            self.run(context.__aexit__(None, None, None))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, kw_only=True)
class Member:
    part: str  # what it serves: `http`, `queues`, or everything
    host: RealHost
    backend: Backend | None


class Fleet:
    """`parts` are its hosts: "" serves everything. `environment` may be changed before a release."""

    def __init__(
        self,
        folder: Path,
        *,
        models: Path,
        parts: Sequence[str],
        environment: Mapping[str, str],
        balancer: Balancer,
    ) -> None:
        self.environment = dict(environment)
        self.members: list[Member] = []
        self.exit_codes: list[int] = []
        self._folder = folder
        self._models = models
        self.parts = parts
        self._balancer = balancer
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for part in self.parts:
            self.members.append(self.start(part))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, part: str) -> Member:
        """Once it is in rotation."""
        host = RealHost(
            self._folder / "data",
            models=self._models,
            arguments=("--only", part) if part else (),
            environment=self.environment,
        )
        host.log = self._folder / f"{host.port}.log"  # else one for all on the data folder
        self._stack.callback(host.__exit__)
        host.start()
        backend = None if part == "queues" else self._balancer.add(host.port)
        if backend is not None:
            wait_until(lambda: backend.is_ready)
        return Member(part=part, host=host, backend=backend)

    def release(self, *, after_first: Callable[[], object] = lambda: None) -> None:
        """As Kubernetes does with `maxUnavailable: 0`: the next one is ready before one is told to end."""
        ending = []
        for number, old in enumerate(list(self.members)):
            self.members[number] = self.start(old.part)
            old.host.signal(signal.SIGTERM)
            ending.append(old)
            if number == 0:
                after_first()
        for old in ending:
            self.exit_codes.append(old.host.wait())
            self.forget(old)

    def said(self, event: str) -> int:
        """How often any of its hosts did, those that have ended too."""
        return sum(log.read_text(errors="replace").count(event) for log in self._folder.glob("*.log"))

    def forget(self, member: Member) -> None:
        if member.backend is not None:
            self._balancer.remove(member.backend)
        if member in self.members:
            self.members.remove(member)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited {_PATIENCE:g} s in vain"
        time.sleep(0.02)
