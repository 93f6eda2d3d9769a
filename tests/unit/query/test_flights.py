"""Of several who ask the same at once one has the answer written, and all see all of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.errors import BackendUnavailable
from shared.query.flights import Flight, Flights, Reply


class Writer:
    """Says a word whenever it is told to."""

    def __init__(self) -> None:
        self.words: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.was_cancelled = False
        self.landed: list[Reply] = []

    async def write(self, flight: Flight) -> Reply:
        try:
            while (word := await self.words.get()) is not None:
                if isinstance(word, Exception):
                    raise word
                flight.say(word)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return Reply(text=flight.text, model="told")

    async def land(self, reply: Reply) -> None:
        self.landed.append(reply)


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
async def flights() -> Flights:
    return Flights()


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not claim():
            await asyncio.sleep(0)


def following(flight: Flight) -> tuple[list[str], asyncio.Task[None]]:
    seen: list[str] = []

    async def follow() -> None:
        async for delta in flight.follow():
            seen.append(delta.text)

    return seen, asyncio.create_task(follow())


async def test_all_who_follow_see_all_of_it_whenever_they_come(flights: Flights, writer: Writer) -> None:
    flight = flights.start("q", writer.write, writer.land)
    early, early_task = following(flight)
    writer.words.put_nowait("Two ")
    await until(lambda: early == ["Two "])
    late, late_task = following(flights.find("q") or Flight())
    for word in ("years ", "[1].", None):
        writer.words.put_nowait(word)
    await asyncio.gather(early_task, late_task)
    assert "".join(early) == "".join(late) == "Two years [1]."
    await until(lambda: flights.find("q") is None)
    assert [reply.text for reply in writer.landed] == ["Two years [1]."]


async def test_the_writing_ends_when_the_last_follower_leaves_and_not_before(
    flights: Flights, writer: Writer
) -> None:
    flight = flights.start("q", writer.write, writer.land)
    (_, first), (seen, second) = following(flight), following(flight)
    writer.words.put_nowait("Two ")
    await until(lambda: seen == ["Two "])
    first.cancel()
    writer.words.put_nowait("years ")
    await until(lambda: "".join(seen) == "Two years ")
    assert not writer.was_cancelled
    second.cancel()
    await until(lambda: writer.was_cancelled)
    assert flights.find("q") is None
    assert writer.landed == []


async def test_what_fails_fails_for_all_and_is_not_kept(flights: Flights, writer: Writer) -> None:
    flight = flights.start("q", writer.write, writer.land)
    tasks = [following(flight)[1] for _ in range(3)]
    writer.words.put_nowait(BackendUnavailable("down"))
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in errors] == ["down"] * 3
    assert flights.find("q") is None
    assert writer.landed == []


async def test_who_comes_after_a_failure_has_it_written_anew(flights: Flights, writer: Writer) -> None:
    _, failed = following(flights.start("q", writer.write, writer.land))
    writer.words.put_nowait(BackendUnavailable("down"))
    await asyncio.wait({failed})
    assert failed.exception()
    await until(lambda: flights.find("q") is None)
    seen, again = following(flights.start("q", writer.write, writer.land))
    for word in ("One.", None):
        writer.words.put_nowait(word)
    await again
    assert seen == ["One."]


@pytest.mark.parametrize("key", ["q", "r"])
async def test_a_forgotten_flight_takes_no_newer_one_with_it(
    flights: Flights, writer: Writer, key: str
) -> None:
    _, left = following(flights.start("q", writer.write, writer.land))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait({left})
    newer = flights.start(key, Writer().write, writer.land)
    await until(lambda: writer.was_cancelled)
    for _ in range(3):
        await asyncio.sleep(0)
    assert flights.find(key) is newer
    await flights.close()


async def test_a_stop_breaks_off_what_is_being_written(flights: Flights, writer: Writer) -> None:
    _, task = following(flights.start("q", writer.write, writer.land))
    await asyncio.sleep(0)
    await flights.close()
    with pytest.raises(BackendUnavailable, match="stopping"):
        await task


def told(text: str) -> Callable[[Flight], Awaitable[Reply]]:
    async def write(flight: Flight) -> Reply:
        flight.say(text)
        return Reply(text=text, model="told")

    return write


async def test_who_finds_it_whole_but_not_yet_kept_still_sees_it(flights: Flights) -> None:
    kept = asyncio.Event()

    async def keep(_: Reply) -> None:
        await kept.wait()

    first, task = following(flights.start("q", told("Two years."), keep))
    await task
    found = flights.find("q")
    assert found is not None
    second, task = following(found)
    await task
    assert first == second == ["Two years."]
    kept.set()
    await until(lambda: flights.find("q") is None)
