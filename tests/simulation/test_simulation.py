"""Some seeds in every test run; `make soak` tries thousands."""

import pytest

from tests.simulation.plan import plan_of
from tests.simulation.run import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_fleet_ends_where_the_blobs_are(seed: int) -> None:
    outcome = run(plan_of(seed))
    assert outcome.failure is None, f"python -m tests.simulation --seed {seed}"


def test_a_seed_does_the_same_again() -> None:
    first, second = run(plan_of(3)).trace, run(plan_of(3)).trace
    assert len(first) > 200
    assert [line[:60] for line in first] == [line[:60] for line in second]
