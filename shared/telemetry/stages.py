"""How long each stage of an ingestion or an answer took, as spans too. Used by both pipelines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.telemetry import traces


class Stages:
    """Adds up wall time per stage name. `pipeline` is what names of spans begin with."""

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline
        self._started = time.perf_counter()
        self._ms: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str, *, is_current: bool = True) -> Iterator[None]:
        """`is_current` as in `traces.span`."""
        started = time.perf_counter()
        try:
            with traces.span(f"{self._pipeline}.{name}", is_current=is_current):
                yield
        finally:
            self._ms[name] = self._ms.get(name, 0.0) + (time.perf_counter() - started) * 1000

    def timings(self) -> tuple[tuple[str, float], ...]:
        """(stage, ms) in order of first use, `total` last."""
        total = (time.perf_counter() - self._started) * 1000
        return (*((name, round(ms, 1)) for name, ms in self._ms.items()), ("total", round(total, 1)))
