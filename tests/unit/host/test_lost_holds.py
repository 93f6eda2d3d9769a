"""A host that stood still loses its holds; the functions run on and nothing of it is a failed attempt."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host.options import QueueOptions
from host.queue_trigger import QueueTrigger


@pytest.fixture
def options(fast: QueueOptions) -> QueueOptions:
    return replace(fast, visibility=60.0, renew_every=60.0)


def lose_holds(path: Path) -> None:
    """As if every hold had run out."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE messages SET visible_at = 0")


class Work:
    """The function: `slow` runs until it may end."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.others: list[str] = []
        self.may_end = asyncio.Event()

    async def __call__(self, message: Any) -> None:
        if message.body != "slow":
            self.others.append(message.body)
            return
        self.attempts.append(message.dequeue_count)
        await self.may_end.wait()


async def test_a_slow_function_that_loses_its_hold_six_times_runs_once_and_is_not_parked(
    queue: Any, options: QueueOptions, eventually: Any, tmp_path: Path
) -> None:
    work, stopping = Work(), asyncio.Event()
    trigger = QueueTrigger(queue, "work", work, poison="work-poison", options=options, stopping=stopping)
    task = asyncio.create_task(trigger.run())
    await queue.send("work", "slow")
    await eventually(lambda: work.attempts)
    for number in range(6):
        lose_holds(tmp_path / "queue.db")
        await queue.send("work", str(number))  # received with the lost one, or after it
        await eventually(lambda number=number: str(number) in work.others)
    work.may_end.set()
    await eventually(lambda: not queue.bodies("work"))
    stopping.set()
    trigger.ring()
    await task
    assert work.attempts == [1]
    assert queue.bodies("work-poison") == []
