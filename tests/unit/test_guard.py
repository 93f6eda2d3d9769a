import asyncio

import pytest

from shared.breaker import Guard, RetryBudget
from shared.errors import BackendTimeout, BackendUnavailable, Refused, Throttled
from tests.unit.test_breaker import DOWN, Clock, Counts, clock, counts, opened

__all__ = ["clock", "counts"]


def test_retries_are_a_tenth_of_the_requests() -> None:
    budget, retries = RetryBudget(), 0
    for _ in range(1_000):
        budget.earn()
        retries += budget.spend()
    assert 100 <= retries <= 104


def test_a_quiet_hour_saves_up_ten_retries() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10


class Service:
    """Raises these in turn, then answers."""

    def __init__(self, *errors: BackendUnavailable) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "here"


async def test_a_failure_is_tried_once_more(counts: Counts) -> None:
    service = Service(DOWN)
    assert await Guard("embedder", counts).ask(service, timeout=5) == "here"
    assert (service.calls, counts.retries) == (2, 1)


async def test_a_second_failure_is_raised(counts: Counts) -> None:
    service = Service(DOWN, DOWN)
    with pytest.raises(BackendUnavailable):
        await Guard("embedder", counts).ask(service, timeout=5)
    assert service.calls == 2


@pytest.mark.parametrize(
    "error",
    [
        BackendTimeout("late"),
        Refused("not this"),
        Throttled("busy", retry_after=3),
        BackendUnavailable("the role is missing", retry_after=60),
    ],
)
async def test_what_a_retry_would_not_mend_or_has_no_time_for_is_raised_at_once(
    counts: Counts, error: BackendUnavailable
) -> None:
    service = Service(error)
    with pytest.raises(type(error)):
        await Guard("embedder", counts).ask(service, timeout=5)
    assert (service.calls, counts.retries) == (1, 0)


async def test_a_busy_service_is_asked_again_when_it_says(counts: Counts) -> None:
    service, loop = Service(Throttled("busy", retry_after=0.3)), asyncio.get_running_loop()
    began = loop.time()
    assert await Guard("embedder", counts).ask(service, timeout=5) == "here"
    assert loop.time() - began >= 0.3


async def test_a_silent_service_is_a_timeout_that_counts(counts: Counts) -> None:
    guard = Guard("embedder", counts)
    calls = [guard.ask(asyncio.Event().wait, timeout=1.0) for _ in range(5)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BackendTimeout] * 5
    assert guard.breaker.is_open


async def test_an_open_breaker_asks_nobody(counts: Counts, clock: Clock) -> None:
    guard, service = Guard("embedder", counts, clock=clock), Service()
    opened(guard.breaker)
    with pytest.raises(BackendUnavailable):
        await guard.ask(service, timeout=5)
    assert service.calls == 0
