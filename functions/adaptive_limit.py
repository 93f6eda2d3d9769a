"""How many questions one process prepares at once. Used by load_shedding.

Two things tell that more at once would only make everybody wait: the event loop takes long to come round
(so does a refusal then), or the processors are busy. Both are measured, not guessed from how long questions
take: that depends on the services around us, which nobody helps by turning people away here.
"""

import os
import time
from collections.abc import Callable

LEAST = 4
FIRST = 16
_WINDOW = 0.5  # seconds that a decision is made of
_SAMPLES = 5  # questions in them, at the least
_LAG = 0.01  # seconds for the event loop to come round, from which on there is too much
_CALM_LAG = 0.8 * _LAG
_BUSY = 0.95  # of the processors
_CALM = 0.85
_CUT = 0.7  # of the limit, is left of it at the least by one decision


class AdaptiveLimit:
    """Between `LEAST` and `most`: grows while it is reached and nothing is short, falls when something is.

    `now` and `worked` are clocks in seconds: of the day, and of the work of all threads of the process.
    """

    def __init__(
        self,
        most: int,
        *,
        processors: int | None = None,
        now: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.process_time,
    ) -> None:
        self.per_second = 0.0  # questions that were let in, lately
        self._most = most
        self._processors = processors or _processors()
        self._now = now
        self._worked = worked
        self._limit = float(min(FIRST, most))
        self._lags: list[float] = []
        self._began, self._worked_before = 0.0, 0.0  # of the window
        self._was_reached = False

    def __int__(self) -> int:
        return int(self._limit)

    def reached(self) -> None:
        """Somebody had to wait."""
        self._was_reached = True

    def observe(self, lag: float) -> None:
        """A question was let in, and the event loop took `lag` seconds to come round."""
        now = self._now()
        if not self._lags:
            self._began, self._worked_before = now, self._worked()
        self._lags.append(lag)
        if now - self._began >= _WINDOW and len(self._lags) >= _SAMPLES:
            self._decide(now - self._began)

    def _decide(self, seconds: float) -> None:
        lag = sum(self._lags) / len(self._lags)
        busy = (self._worked() - self._worked_before) / seconds / self._processors
        self.per_second = len(self._lags) / seconds
        if lag > _LAG or busy > _BUSY:
            self._limit = max(LEAST, self._limit * max(_CUT, min(_LAG / lag, _BUSY / busy)))
        elif self._was_reached and lag < _CALM_LAG and busy < _CALM:
            self._limit = min(self._most, self._limit + max(1, self._limit / 4))
        self._lags.clear()
        self._was_reached = False


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
