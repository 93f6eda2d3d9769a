"""The queue trigger: at least once, five attempts with growing delay, then the poison queue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from host.loops import wait
from host.options import QueueOptions
from host.queue_trigger import QueueTrigger

Invoke = Callable[[Any], Awaitable[None]]


@pytest.fixture
def running(queue: Any, fast: QueueOptions) -> Callable[..., Any]:
    """Run a trigger on the queue `work`; leaving the context stops it gracefully."""

    @asynccontextmanager
    async def run(invoke: Invoke, options: QueueOptions = fast) -> AsyncIterator[QueueTrigger]:
        stopping = asyncio.Event()
        trigger = QueueTrigger(
            queue, "work", invoke, poison="work-poison", options=options, stopping=stopping
        )
        task = asyncio.create_task(trigger.run())
        try:
            yield trigger
        finally:
            stopping.set()
            trigger.ring()
            async with asyncio.timeout(10):
                await task

    return run


async def test_a_message_is_handled_once_and_is_gone(queue: Any, running: Any, eventually: Any) -> None:
    bodies: list[str] = []

    async def invoke(message: Any) -> None:
        bodies.append(message.body)

    async with running(invoke):
        await queue.send("work", "one")
        await queue.send("work", "two")
        await eventually(lambda: not queue.bodies("work"))
    assert sorted(bodies) == ["one", "two"]


async def test_a_failing_message_is_tried_five_times_and_parked_as_it_was(
    queue: Any, running: Any, eventually: Any
) -> None:
    attempts: list[int] = []

    async def invoke(message: Any) -> None:
        attempts.append(message.dequeue_count)
        raise RuntimeError("always")

    async with running(invoke):
        await queue.send("work", "ünchanged \n body")
        await eventually(lambda: queue.bodies("work-poison"))
        await eventually(lambda: not queue.bodies("work"))
    assert attempts == [1, 2, 3, 4, 5]
    assert queue.bodies("work-poison") == ["ünchanged \n body"]


async def test_attempts_wait_longer_each_time(queue: Any, running: Any, fast: Any, eventually: Any) -> None:
    moments: list[float] = []

    async def invoke(message: Any) -> None:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) < 3:
            raise RuntimeError("not yet")

    async with running(invoke, replace(fast, retry_delays=(0.05, 0.2))):
        await queue.send("work", "one")
        await eventually(lambda: len(moments) == 3)
    assert moments[1] - moments[0] >= 0.05
    assert moments[2] - moments[1] >= 0.2


async def test_a_message_that_killed_its_host_five_times_is_parked_without_a_sixth(
    queue: Any, running: Any, eventually: Any
) -> None:
    await queue.send("work", "killer")
    for _ in range(5):
        assert await queue.receive("work", limit=1, visibility=0)

    async def invoke(message: Any) -> None:
        raise AssertionError("a sixth attempt")

    async with running(invoke):
        await eventually(lambda: queue.bodies("work-poison") == ["killer"])


async def test_a_message_that_kills_its_host_again_and_again_parks_no_other(
    queue: Any, fast: QueueOptions
) -> None:
    done: list[str] = []
    for body in ("first", "killer", "second"):
        await queue.send("work", body)

    async def live() -> None:
        """Until the host dies, as the killer lets it within an instant, or nothing is left."""
        dead = asyncio.Event()

        async def invoke(message: Any) -> None:
            if message.body == "killer":
                dead.set()
            if await wait(dead, timeout=0.2):
                await asyncio.Event().wait()
            done.append(message.body)

        trigger = QueueTrigger(
            queue, "work", invoke, poison="work-poison", options=fast, stopping=asyncio.Event()
        )
        running = asyncio.create_task(trigger.run())
        while queue.bodies("work") and not await wait(dead, timeout=0.05):
            pass
        running.cancel()
        await asyncio.wait({running})

    for _ in range(8):
        await live()
    assert queue.bodies("work") == []
    assert queue.bodies("work-poison") == ["killer"]
    assert sorted(done) == ["first", "second"]


async def test_a_long_function_keeps_its_message_from_others(
    queue: Any, running: Any, fast: QueueOptions, eventually: Any
) -> None:
    calls: list[int] = []
    may_end = asyncio.Event()

    async def invoke(message: Any) -> None:
        calls.append(message.dequeue_count)
        await may_end.wait()

    async with running(invoke):
        await queue.send("work", "long")
        await eventually(lambda: calls)
        until = asyncio.get_running_loop().time() + 3 * fast.visibility
        while asyncio.get_running_loop().time() < until:
            assert await queue.receive("work", limit=1, visibility=1) == []
            await asyncio.sleep(0.02)
        may_end.set()
        await eventually(lambda: not queue.bodies("work"))
    assert calls == [1]


async def test_a_lost_hold_leaves_the_message_to_its_new_holder(
    queue: Any, running: Any, fast: Any, eventually: Any
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def invoke(message: Any) -> None:
        started.set()
        await may_end.wait()

    async with running(invoke, replace(fast, visibility=0.0, renew_every=60.0, batch_size=1)):
        await queue.send("work", "contested")
        await started.wait()
        (other,) = await queue.receive("work", limit=1, visibility=60)
        may_end.set()
    assert queue.bodies("work") == ["contested"]
    assert await queue.delete("work", other)


async def test_no_more_than_a_batch_runs_at_a_time(queue: Any, running: Any, eventually: Any) -> None:
    now, most, done = 0, 0, 0

    async def invoke(message: Any) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        done += 1

    for number in range(12):
        await queue.send("work", str(number))
    async with running(invoke):
        await eventually(lambda: done == 12)
    assert most == 4


async def test_stopping_finishes_what_is_in_flight_and_takes_nothing_new(
    queue: Any, running: Any, eventually: Any
) -> None:
    started, ended = [], []

    async def invoke(message: Any) -> None:
        started.append(message.body)
        await asyncio.sleep(0.1)
        ended.append(message.body)

    async with running(invoke):
        await queue.send("work", "in flight")
        await eventually(lambda: started)
    await queue.send("work", "later")
    assert ended == ["in flight"]
    assert queue.bodies("work") == ["later"]


async def test_what_cannot_finish_is_handed_back_at_once(queue: Any, fast: Any, eventually: Any) -> None:
    started = asyncio.Event()

    async def invoke(message: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    trigger = QueueTrigger(
        queue,
        "work",
        invoke,
        poison="work-poison",
        options=replace(fast, visibility=60.0),
        stopping=asyncio.Event(),
    )
    task = asyncio.create_task(trigger.run())
    await queue.send("work", "endless")
    await started.wait()
    task.cancel()
    await asyncio.wait({task})
    (again,) = await queue.receive("work", limit=1, visibility=60)
    assert (again.body, again.dequeue_count) == ("endless", 2)


async def test_a_ring_is_quicker_than_the_poll(queue: Any, running: Any, fast: Any, eventually: Any) -> None:
    handled = asyncio.Event()

    async def invoke(message: Any) -> None:
        handled.set()

    async with running(invoke, replace(fast, poll_least=60.0, poll_most=60.0)) as trigger:
        await asyncio.sleep(0.01)
        await queue.send("work", "now")
        trigger.ring()
        async with asyncio.timeout(5):
            await handled.wait()
