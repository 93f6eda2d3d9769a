"""Kills this process at a named step of an ingestion: what tests of crashes set RAG_TEST_KILL_AT for."""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import get_args

from shared.errors import ConfigError
from shared.services import Step, go_on


def killing_at(point: str | None) -> Callable[[Step], None]:
    """`<step>:<n>`: SIGKILL when the step is reached for the n-th time. None: nothing ever happens."""
    if point is None:
        return go_on
    step, _, times = point.partition(":")
    if step not in get_args(Step):
        raise ConfigError(f"RAG_TEST_KILL_AT names no step: {', '.join(get_args(Step))}")
    numbers = count(1)

    def kill(reached: Step) -> None:
        if reached == step and next(numbers) == int(times):
            os.kill(os.getpid(), signal.SIGKILL)

    return kill
