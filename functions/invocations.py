"""One run of a function that no request fires, as metrics tell it. Put by `functions/ingest.py` around each.

In the functions themselves, so that every host counts them.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from functions.dependencies import Runtime
from shared.telemetry.metrics import TriggerOutcome


@contextmanager
def invocation(function: str, runtime: Runtime) -> Iterator[None]:
    began = time.perf_counter()
    outcome: TriggerOutcome = "failed"
    try:
        yield
        outcome = "done"
    except asyncio.CancelledError:  # a host that stops
        outcome = "cancelled"
        raise
    finally:
        runtime.metrics.trigger_ended(function, outcome, time.perf_counter() - began)
