"""`python -m tests.simulation --seeds A:B` looks for a seed that fails; `--seed N` shows all of one."""

import argparse
import logging
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.plan import plan_of
from tests.simulation.run import run, smallest

_ALL = 40  # lines of the trace that are shown of a failure found among many


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", metavar="A:B", help="from A up to B")
    which.add_argument("--seed", type=int, metavar="N", help="one, with all that happened")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        report = try_seed(arguments.seed, lines=None)
        print(report or f"seed {arguments.seed}: nothing is wrong")
        return 1 if report else 0
    first, last = map(int, arguments.seeds.split(":"))
    return _try_all(range(first, last), jobs=arguments.jobs)


def try_seed(seed: int, *, lines: int | None = _ALL) -> str:
    """Nothing, or what a person needs to find the reason of a failure."""
    logging.disable(logging.CRITICAL)
    plan = plan_of(seed)
    if run(plan).failure is None:
        return ""
    plan = smallest(plan)
    outcome = run(plan)
    assert outcome.failure is not None
    steps = [f"{step.at:9.3f} {step.text}" for step in plan.steps]
    shown = outcome.trace if lines is None else outcome.trace[-lines:]
    error = traceback.format_exception_only(outcome.failure)
    return "\n".join([f"SEED {seed} FAILS", *steps, "—", *shown, "—", *error])


def _try_all(seeds: range, *, jobs: int) -> int:
    began = time.perf_counter()
    failed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for done, report in enumerate(pool.map(partial(try_seed), seeds), start=1):
            if report:
                failed += 1
                print(report, flush=True)
            if done % 500 == 0:
                took = time.perf_counter() - began
                print(f"{done} of {len(seeds)} seeds, {failed} failed, {took:.0f} s", flush=True)
    print(f"{len(seeds)} seeds, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
