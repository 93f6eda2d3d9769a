"""How the limit follows what the process has to do; both clocks are the test's own."""

from functions.adaptive_limit import FIRST, LEAST, AdaptiveLimit

MOST = 500


class Process:
    """Lets a hundred questions a second in, and has two processors."""

    def __init__(self, most: int = MOST) -> None:
        self.now = self.worked = 0.0
        self.limit = AdaptiveLimit(most, processors=2, now=lambda: self.now, worked=lambda: self.worked)

    def run(self, seconds: float, *, lag: float, busy: float = 0.2, waiting: bool = True) -> int:
        for _ in range(round(seconds * 100)):
            self.now += 0.01
            self.worked += 0.01 * 2 * busy
            if waiting:
                self.limit.reached()
            self.limit.observe(lag)
        return int(self.limit)


def test_it_grows_to_the_most_while_questions_wait_and_nothing_is_short() -> None:
    assert Process().run(20, lag=0.001) == MOST


def test_it_does_not_grow_while_nobody_waits() -> None:
    assert Process().run(20, lag=0.001, waiting=False) == FIRST


def test_it_falls_to_the_least_and_no_further_while_the_event_loop_is_late() -> None:
    process = Process()
    process.run(20, lag=0.001)
    assert process.run(1.2, lag=0.03) < MOST / 1.9
    assert process.run(20, lag=0.03) == LEAST


def test_it_falls_while_the_processors_are_busy_though_the_event_loop_is_not() -> None:
    process = Process()
    process.run(20, lag=0.001)
    assert process.run(60, lag=0.001, busy=1.0) < MOST / 2


def test_it_stays_where_all_is_in_use_and_nothing_is_short_yet() -> None:
    assert Process().run(20, lag=0.009) == FIRST
    assert Process().run(20, lag=0.001, busy=0.9) == FIRST


def test_one_late_round_does_not_lower_it() -> None:
    process = Process()
    process.run(5.0, lag=0.001, waiting=False)
    process.run(0.01, lag=0.2, waiting=False)
    assert process.run(1, lag=0.001, waiting=False) == FIRST


def test_it_begins_no_higher_than_the_most() -> None:
    assert int(Process(most=10).limit) == 10


def test_a_quiet_hour_is_not_part_of_what_is_decided_on() -> None:
    process = Process()
    process.run(0.05, lag=0.001)
    process.now += 3600
    process.worked += 7200
    assert process.run(2, lag=0.001) > FIRST
