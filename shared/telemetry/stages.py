"""How long each stage of an ingestion or an answer took. Used by both pipelines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Adds up wall time per stage name."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._ms: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._ms[name] = self._ms.get(name, 0.0) + (time.perf_counter() - started) * 1000

    def timings(self) -> tuple[tuple[str, float], ...]:
        """(stage, ms) in order of first use, `total` last."""
        total = (time.perf_counter() - self._started) * 1000
        return (*((name, round(ms, 1)) for name, ms in self._ms.items()), ("total", round(total, 1)))
