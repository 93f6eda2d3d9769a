"""What every event queue promises: at least once, held by one, counted."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import QueueMessage
from shared.event_queues.base import EventQueue
from tests.contract.openers import EVENT_QUEUES, in_processes


@pytest.fixture(params=EVENT_QUEUES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def queue(kind: str, tmp_path: Path) -> AsyncIterator[EventQueue]:
    async with EVENT_QUEUES[kind](tmp_path) as queue:
        yield queue


async def receive(queue: EventQueue, name: str = "q", *, visibility: float = 60.0) -> QueueMessage:
    """The next message, as soon as there is one."""
    async with asyncio.timeout(20):
        while not (found := await queue.receive(name, limit=1, visibility=visibility)):
            await asyncio.sleep(0.02)
    return found[0]


async def test_a_message_is_received_as_sent(queue: EventQueue) -> None:
    body = '{"name": "naïve \U0001f98a\'; DROP TABLE messages; --"}'
    before = time.time()
    await queue.send("q", body)
    message = await receive(queue)
    assert (message.body, message.dequeue_count) == (body, 1)
    assert before - 2 <= message.inserted_at <= time.time() + 2


async def test_an_empty_queue_hands_out_nothing(queue: EventQueue) -> None:
    assert await queue.receive("never-used", limit=10, visibility=1.0) == []
    assert await queue.length("never-used") == 0
    assert await queue.oldest("never-used") is None


async def test_messages_come_in_order_and_no_more_than_asked(queue: EventQueue) -> None:
    for number in range(5):
        await queue.send("q", str(number))
    first = await queue.receive("q", limit=3, visibility=60.0)
    rest = await queue.receive("q", limit=3, visibility=60.0)
    assert [message.body for message in first + rest] == ["0", "1", "2", "3", "4"]


async def test_queues_do_not_see_each_others_messages(queue: EventQueue) -> None:
    await queue.send("q", "mine")
    assert await queue.receive("r", limit=10, visibility=1.0) == []
    message = await receive(queue)
    assert not await queue.delete("r", message)
    assert await queue.length("q") == 1


async def test_a_received_message_is_hidden_then_comes_again_with_its_count(queue: EventQueue) -> None:
    await queue.send("q", "a")
    first = await receive(queue, visibility=1.0)
    assert await queue.receive("q", limit=10, visibility=1.0) == []
    assert await queue.length("q") == 1
    again = await receive(queue, visibility=60.0)
    assert (again.id, again.body, again.dequeue_count) == (first.id, "a", 2)
    assert again.inserted_at == first.inserted_at


async def test_a_lost_hold_can_neither_delete_nor_extend(queue: EventQueue) -> None:
    await queue.send("q", "a")
    lost = await receive(queue)
    assert await queue.extend("q", lost, visibility=0.0)
    held = await receive(queue)
    assert not await queue.delete("q", lost)
    assert await queue.extend("q", lost, visibility=60.0) is None
    assert await queue.delete("q", held)
    assert not await queue.delete("q", held)
    assert await queue.extend("q", held, visibility=60.0) is None
    assert await queue.length("q") == 0


async def test_an_extended_hold_has_a_new_receipt(queue: EventQueue) -> None:
    await queue.send("q", "a")
    held = await receive(queue, visibility=1.0)
    extended = await queue.extend("q", held, visibility=60.0)
    assert extended == replace(held, receipt=extended.receipt if extended else "")
    assert not await queue.delete("q", held)
    assert await queue.receive("q", limit=1, visibility=1.0) == []
    assert extended is not None
    assert await queue.delete("q", extended)


async def test_a_message_handed_back_is_visible_at_once(queue: EventQueue) -> None:
    await queue.send("q", "a")
    await queue.extend("q", await receive(queue), visibility=0.0)
    assert (await receive(queue)).dequeue_count == 2


async def test_a_delayed_message_appears_later(queue: EventQueue) -> None:
    sent_at = time.time()
    await queue.send("q", "later", delay=1.0)
    await queue.send("q", "now")
    assert [m.body for m in await queue.receive("q", limit=10, visibility=60.0)] == ["now"]
    assert (await receive(queue)).body == "later"
    assert time.time() - sent_at >= 0.9


async def test_the_oldest_message_counts_hidden_or_not(queue: EventQueue) -> None:
    await queue.send("q", "a")
    await queue.send("q", "b")
    message = await receive(queue)
    oldest = await queue.oldest("q")  # a store may see the visible ones alone
    assert oldest is None or message.inserted_at <= oldest <= time.time() + 2
    await queue.delete("q", message)
    assert await queue.length("q") == 1


async def test_no_message_is_handed_out_twice_while_hidden(queue: EventQueue) -> None:
    for number in range(60):
        await queue.send("q", str(number))
    batches = await asyncio.gather(*(queue.receive("q", limit=5, visibility=60.0) for _ in range(20)))
    bodies = [message.body for batch in batches for message in batch]
    assert sorted(bodies, key=int) == [str(number) for number in range(60)]


def drain(kind: str, folder: Path, process: int) -> list[str]:
    async def run() -> list[str]:
        async with EVENT_QUEUES[kind](folder) as queue:
            bodies: list[str] = []
            for number in range(30):
                await queue.send("q", f"{process}.{number}")
            while batch := await queue.receive("q", limit=4, visibility=60.0):
                for message in batch:
                    bodies.append(message.body)
                    assert await queue.delete("q", message)
            return bodies

    return asyncio.run(run())


async def test_processes_share_the_messages_without_doubling_or_losing_one(
    queue: EventQueue, kind: str, tmp_path: Path
) -> None:
    results = await in_processes(drain, [(kind, tmp_path, process) for process in range(3)])
    bodies = [body for result in results for body in result]
    assert sorted(bodies) == sorted(f"{process}.{number}" for process in range(3) for number in range(30))
    assert await queue.length("q") == 0
