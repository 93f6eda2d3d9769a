"""A breaker and a budget of retries for each service that questions depend on.

Built by compose, one `Guard` per dependency; used by the plugs' `guarded` modules and by MongoDB's.
"""

import asyncio
import logging
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeAlias, TypeVar

from shared.errors import BackendTimeout, BackendUnavailable, RagError, Refused, Throttled

T = TypeVar("T")
Dependency: TypeAlias = Literal[
    "chat_model", "smaller_chat_model", "embedder", "search_index", "metadata", "cache"
]

log = logging.getLogger(__name__)

_IN_A_ROW = 5  # failures that open it …
_WINDOW = 20  # … or half of so many calls
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds; each probe that fails doubles it
_JITTER = 0.2  # of a pause, up or down, so that processes do not come back all at once
_SETTLED = -1  # no era
_FAIR = 0.5  # seconds; who gave a call less learns nothing from its time-out
_EARNED, _SAVED, _AT_FIRST = 0.1, 10.0, 3.0  # retries: by a request, at the most, at the start
_PROMPT_RETRY = (0.05, 0.15)  # seconds before one, where the service has not said when
_FOR_PEOPLE = 30.0  # seconds; an error that asks for longer pauses is for somebody to mend


class Watcher(Protocol):
    """Who counts: the metrics."""

    def breaker_turned(self, dependency: str, *, is_open: bool) -> None: ...

    def retried(self, dependency: str) -> None: ...


def named(dependency: Dependency) -> str:
    """As messages to people say it."""
    return "the metadata store" if dependency == "metadata" else f"the {dependency.replace('_', ' ')}"


class Attempt:
    """One call, as the breaker sees it."""

    def __init__(self, breaker: "Breaker", era: int, *, is_probe: bool, given: float) -> None:
        self._breaker = breaker
        self.era = era
        self.is_probe = is_probe
        self.given = given  # seconds

    def lives(self) -> None:
        """The service has begun to answer: enough of a probe, long before a stream has ended."""
        if self.is_probe:
            self._breaker.worked(self)

    def is_late(self) -> None:
        """It has failed, however long it now takes to end, and whoever ends it."""
        self._breaker.failed(self, BackendTimeout("not a word came in time"))
        self.era = _SETTLED


class Breaker:
    """Turns calls away while the service behind it is down; one of them at a time tries it anew.

    For one event loop. Failures are `BackendUnavailable` and its kinds, all but `Refused`. Whoever goes
    away before the end has found out nothing.
    """

    def __init__(
        self, dependency: Dependency, watcher: Watcher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dependency = dependency
        self._watcher = watcher
        self._clock = clock
        self._outcomes: deque[bool] = deque(maxlen=_WINDOW)  # whether each of the last calls failed
        self._era = 0  # outcomes of calls that began before it last opened or closed count no more
        self._probe_at: float | None = None  # None: closed
        self._is_probing = False
        self._pause = _SHORTEST_PAUSE
        watcher.breaker_turned(dependency, is_open=False)

    @property
    def is_open(self) -> bool:
        return self._probe_at is not None

    @contextmanager
    def attempt(self, *, given: float = math.inf) -> Iterator[Attempt]:
        """Around one call, which is given so many seconds. Errors: `BackendUnavailable` while it is open."""
        attempt = Attempt(self, self._era, is_probe=self._admits_probe(), given=given)
        try:
            yield attempt
        except BackendUnavailable as error:
            if isinstance(error, Refused):
                self.worked(attempt)
            else:
                self.failed(attempt, error)
            raise
        except RagError:
            self.worked(attempt)
            raise
        else:
            self.worked(attempt)
        finally:
            if attempt.is_probe and attempt.era == self._era:
                self._is_probing = False

    def worked(self, attempt: Attempt) -> None:
        if attempt.era != self._era:
            return
        if not attempt.is_probe:
            self._outcomes.append(False)
            return
        log.info("breaker_closed", extra={"dependency": self._dependency})
        self._watcher.breaker_turned(self._dependency, is_open=False)
        self._probe_at = None
        self._begin_era()

    def _admits_probe(self) -> bool:
        """False: as any other call. Errors: `BackendUnavailable`."""
        if self._probe_at is None:
            return False
        wait = self._probe_at - self._clock()
        if wait > 0 or self._is_probing:
            wait = max(wait, _SHORTEST_PAUSE)
            what = named(self._dependency)
            raise BackendUnavailable(
                f"{what} fails again and again and is not asked for {wait:.0f} s", retry_after=wait
            )
        self._is_probing = True
        return True

    def failed(self, attempt: Attempt, error: BackendUnavailable) -> None:
        is_unfair = isinstance(error, BackendTimeout) and attempt.given < _FAIR
        if attempt.era != self._era or is_unfair:
            return
        if attempt.is_probe:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._open(error)
            return
        self._outcomes.append(True)
        in_a_row = list(self._outcomes)[-_IN_A_ROW:]
        if in_a_row == [True] * _IN_A_ROW or 2 * sum(self._outcomes) >= _WINDOW:
            log.warning("breaker_opened", extra={"dependency": self._dependency, "reason": str(error)})
            self._watcher.breaker_turned(self._dependency, is_open=True)
            self._pause = _SHORTEST_PAUSE
            self._open(error)

    def _open(self, error: BackendUnavailable) -> None:
        told = min(error.retry_after, _LONGEST_PAUSE) if isinstance(error, Throttled) else 0.0
        jittered = self._pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 a pause  # nosec B311
        self._probe_at = self._clock() + max(jittered, told)
        self._begin_era()

    def _begin_era(self) -> None:
        self._era += 1
        self._is_probing = False
        self._outcomes.clear()


class RetryBudget:
    """Retries are a tenth of the requests at the most: they must not double the load of what is ailing."""

    def __init__(self) -> None:
        self._saved = _AT_FIRST

    def earn(self) -> None:
        self._saved = min(self._saved + _EARNED, _SAVED)

    def spend(self) -> bool:
        """Whether there was one."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class Guard:
    """A breaker, and one retry per call as far as the budget goes. No other layer retries a question."""

    def __init__(
        self, dependency: Dependency, watcher: Watcher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.breaker = Breaker(dependency, watcher, clock=clock)
        self.budget = RetryBudget()
        self._dependency = dependency
        self._watcher = watcher
        self._clock = clock

    async def ask(self, call: Callable[[], Awaitable[T]], *, timeout: float) -> T:
        """What the call returns, within so many seconds. Errors: the call's; `BackendTimeout`."""
        ends = self._clock() + timeout
        self.budget.earn()
        try:
            return await self._try(call, timeout)
        except BackendUnavailable as error:
            if not await self.waited(error, left=ends - self._clock()):
                raise
        return await self._try(call, ends - self._clock())

    async def waited(self, error: BackendUnavailable, *, left: float) -> bool:
        """Whether it may be asked once more, and the pause before that is over.

        A pause that the service asks for must leave as much time again for the answer.
        """
        pause = random.uniform(*_PROMPT_RETRY)  # noqa: S311 a pause  # nosec B311
        if isinstance(error, Throttled):
            pause = max(pause, error.retry_after)
        is_lasting = isinstance(error, Refused | BackendTimeout) or error.retry_after > _FOR_PEOPLE
        if is_lasting or 2 * pause > left or self.breaker.is_open or not self.budget.spend():
            return False
        self._watcher.retried(self._dependency)
        await asyncio.sleep(pause)
        return True

    async def _try(self, call: Callable[[], Awaitable[T]], timeout: float) -> T:
        with self.breaker.attempt(given=timeout):
            try:
                async with asyncio.timeout(timeout):
                    return await call()
            except TimeoutError as error:
                what = named(self._dependency)
                raise BackendTimeout(f"{what} took longer than {timeout:.1f} s") from error
