import asyncio

import pytest

from shared.breaker import Breaker
from shared.errors import BackendTimeout, BackendUnavailable, ConfigError, Refused, Throttled

DOWN = BackendUnavailable("out of reach")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Counts:
    """What the metrics would be told."""

    def __init__(self) -> None:
        self.turns: list[bool] = []
        self.retries = 0

    def breaker_turned(self, dependency: str, *, is_open: bool) -> None:
        self.turns.append(is_open)

    def retried(self, dependency: str) -> None:
        self.retries += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def breaker(clock: Clock, counts: Counts) -> Breaker:
    return Breaker("search_index", counts, clock=clock)


def call(breaker: Breaker, error: BaseException | None = None, *, given: float = 10.0) -> None:
    """One call that ends so; what it raises is expected."""
    try:
        with breaker.attempt(given=given):
            if error is not None:
                raise error
    except BaseException as raised:
        if raised is not error:
            raise


def turned_away(breaker: Breaker) -> BackendUnavailable:
    with pytest.raises(BackendUnavailable) as caught:
        call(breaker)
    return caught.value


def opened(breaker: Breaker, error: BackendUnavailable = DOWN) -> Breaker:
    for _ in range(5):
        call(breaker, error)
    assert breaker.is_open
    return breaker


def test_five_failures_in_a_row_open_it_and_it_says_for_how_long(breaker: Breaker, counts: Counts) -> None:
    for _ in range(4):
        call(breaker, DOWN)
    call(breaker)
    for _ in range(4):
        call(breaker, BackendTimeout("late"))
    assert not breaker.is_open
    call(breaker, BackendTimeout("late"))
    error = turned_away(breaker)
    assert "the search index" in str(error)
    assert 0.8 <= error.retry_after <= 1.2
    assert counts.turns == [False, True]


def test_a_service_that_fails_every_other_time_opens_it_too(breaker: Breaker) -> None:
    for _ in range(9):
        call(breaker)
        call(breaker, DOWN)
    assert not breaker.is_open
    call(breaker)
    call(breaker, DOWN)
    assert breaker.is_open


@pytest.mark.parametrize("answer", [Refused("not this"), ConfigError("dimension")])
def test_what_is_an_answer_is_no_failure(breaker: Breaker, answer: Exception) -> None:
    for _ in range(4):
        call(breaker, DOWN)
    call(breaker, answer)
    call(breaker, DOWN)
    assert not breaker.is_open


def test_a_time_out_of_a_call_that_had_no_time_says_nothing(breaker: Breaker) -> None:
    for _ in range(20):
        call(breaker, BackendTimeout("late"), given=0.4)
    assert not breaker.is_open


def test_one_call_at_a_time_tries_it_after_the_pause_and_its_success_closes_it(
    breaker: Breaker, clock: Clock, counts: Counts
) -> None:
    opened(breaker)
    clock.now += 1.3
    with breaker.attempt():
        turned_away(breaker)
    call(breaker)
    assert not breaker.is_open
    assert counts.turns == [False, True, False]


def test_a_stream_that_has_begun_closes_it_before_it_ends(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1.3
    with breaker.attempt() as attempt:
        attempt.lives()
        assert not breaker.is_open
        call(breaker)


def test_pauses_grow_to_half_a_minute_and_begin_anew_once_it_was_closed(
    breaker: Breaker, clock: Clock
) -> None:
    opened(breaker)
    pauses = []
    for _ in range(7):
        clock.now += 40
        call(breaker, DOWN)
        pauses.append(turned_away(breaker).retry_after)
    for pause, expected in zip(pauses, [2, 4, 8, 16, 30, 30, 30], strict=True):
        assert 0.8 * expected <= pause <= 1.2 * expected
    clock.now += 40
    call(breaker)
    assert turned_away(opened(breaker)).retry_after <= 1.2


def test_it_stays_open_for_as_long_as_a_busy_service_asks(breaker: Breaker) -> None:
    opened(breaker, Throttled("busy", retry_after=17))
    assert turned_away(breaker).retry_after == 17


@pytest.mark.parametrize("leaving", [asyncio.CancelledError(), GeneratorExit(), ZeroDivisionError()])
def test_a_probe_that_found_nothing_out_leaves_its_place_to_the_next(
    breaker: Breaker, clock: Clock, leaving: BaseException
) -> None:
    opened(breaker)
    clock.now += 1.3
    call(breaker, leaving)
    assert breaker.is_open
    call(breaker)
    assert not breaker.is_open


def test_those_who_go_away_neither_open_it_nor_keep_it_closed(breaker: Breaker) -> None:
    for _ in range(4):
        call(breaker, DOWN)
    for _ in range(20):
        call(breaker, asyncio.CancelledError())
    assert not breaker.is_open
    call(breaker, DOWN)
    assert breaker.is_open


def test_calls_that_began_before_it_opened_do_not_close_it_or_stretch_the_pause(
    breaker: Breaker, clock: Clock
) -> None:
    with breaker.attempt():  # will succeed, late
        opened(breaker)
    assert breaker.is_open
    with pytest.raises(BackendUnavailable), breaker.attempt():
        pass
    clock.now += 1.3
    call(breaker)
    assert not breaker.is_open
