"""The timer trigger: once past due at the start, then on schedule, whatever the function raises."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from host.functions import Function
from host.timer_trigger import TimerTrigger

ON = asyncio.Event()
ON.set()


class Clock:
    """Time that stands still but for a push: each look at it is half a second later."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()

    def __call__(self) -> datetime:
        self.now += 0.5
        return datetime.fromtimestamp(self.now, UTC)


def timer(call: Any, schedule: str) -> Function:
    binding = {"name": "timer", "schedule": schedule}
    return Function(name="on_time", trigger="timerTrigger", binding=binding, call=call, timeout=5)


async def test_it_fires_past_due_at_the_start_and_then_on_time(eventually: Any) -> None:
    fired: list[bool] = []
    stopping = asyncio.Event()

    async def call(timer: Any) -> None:
        fired.append(timer.past_due)
        if len(fired) == 3:
            stopping.set()

    async with asyncio.timeout(10):
        await TimerTrigger(timer(call, "* * * * * *"), watching=ON, stopping=stopping, now=Clock()).run()
    assert fired == [True, False, False]


async def test_a_function_that_raises_is_fired_again(caplog: pytest.LogCaptureFixture) -> None:
    fired: list[bool] = []
    stopping = asyncio.Event()

    async def call(timer: Any) -> None:
        fired.append(timer.past_due)
        if len(fired) == 2:
            stopping.set()
        raise RuntimeError("no")

    async with asyncio.timeout(10):
        await TimerTrigger(timer(call, "* * * * * *"), watching=ON, stopping=stopping, now=Clock()).run()
    assert fired == [True, False]
    assert "function_failed" in caplog.text


async def test_stopping_ends_the_wait(eventually: Any) -> None:
    fired: list[Any] = []

    async def call(timer: Any) -> None:
        fired.append(timer)

    stopping = asyncio.Event()
    task = asyncio.create_task(TimerTrigger(timer(call, "0 0 0 1 1 *"), watching=ON, stopping=stopping).run())
    await eventually(lambda: fired)
    stopping.set()
    async with asyncio.timeout(5):
        await task


def test_a_schedule_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="six fields"):
        TimerTrigger(timer(None, "every hour"), watching=ON, stopping=asyncio.Event())


async def test_the_first_run_waits_until_no_change_is_overlooked(eventually: Any) -> None:
    fired: list[Any] = []

    async def call(timer: Any) -> None:
        fired.append(timer)

    watching, stopping = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        TimerTrigger(timer(call, "0 0 0 1 1 *"), watching=watching, stopping=stopping).run()
    )
    await asyncio.wait({task}, timeout=0.05)
    assert fired == []
    watching.set()
    await eventually(lambda: fired)
    stopping.set()
    await task
