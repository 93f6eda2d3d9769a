"""Runs a plan and tells what failed; makes a failing plan smaller. Called by `__main__` and the tests."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from shared.errors import RagError
from tests.simulation.checks import Checks
from tests.simulation.plan import Plan, Step
from tests.simulation.virtual_time import VirtualRunner
from tests.simulation.world import World


@dataclass(frozen=True, kw_only=True)
class Outcome:
    failure: BaseException | None
    trace: list[str]


def run(plan: Plan) -> Outcome:
    with memory_folder() as folder:
        runner = VirtualRunner()
        try:
            return runner.run(_run(plan, folder))
        finally:
            runner.close()


def smallest(plan: Plan) -> Plan:
    """Without the steps that the failure does not need: first by the half, at last one by one."""
    size = len(plan.steps) // 2
    while size:
        start = 0
        while start < len(plan.steps):
            smaller = replace(plan, steps=plan.steps[:start] + plan.steps[start + size :])
            if run(smaller).failure is None:
                start += size
            else:
                plan = smaller
        size //= 2
    return plan


@contextlib.contextmanager
def memory_folder() -> Iterator[Path]:
    """Where nothing has to reach a disk, if there is such a place."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=shm if shm.is_dir() else None) as folder:
        yield Path(folder)


async def _run(plan: Plan, folder: Path) -> Outcome:
    world = World(folder, plan.seed, plan.faults())
    checks = Checks(world)
    failure: BaseException | None = None
    try:
        await world.start()
        async with asyncio.TaskGroup() as group:
            for step in plan.steps:
                group.create_task(_take(step, world, checks))
        await checks.settle()
    except* Exception as errors:  # noqa: BLE001 - whatever it is, the run has failed
        failure = errors.exceptions[0]
    await world.close()
    return Outcome(failure=failure, trace=world.trace.lines())


async def _take(step: Step, world: World, checks: Checks) -> None:
    await asyncio.sleep(step.at)
    with contextlib.suppress(RagError):  # nobody tries again: that is what the reconciler is for
        await step.act(world, checks)
