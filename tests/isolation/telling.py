"""How many stories are told, and how long they are. Called by the tests."""

import os
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.isolation.machine import Story

_STORIES = int(os.environ.get("ISOLATION_STORIES", "30"))
_STEPS = 25
_PHASES = (Phase.generate, Phase.shrink)


def tell(kind: type[Story], *, stories: int = _STORIES, phases: Sequence[Phase] = _PHASES) -> None:
    """The same stories each time. Errors: `Leak`, with the shortest story that leads to one."""
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=stories,
            stateful_step_count=_STEPS,
            phases=phases,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
