"""What every story begins with: a folder with a few documents of everybody, made once a process."""

import asyncio
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from shared.domain import EVERYONE
from tests.isolation.deeds import Deeds
from tests.isolation.truth import Truth, people_and_circles
from tests.isolation.world import World
from tests.simulation.run import memory_folder


@cache
def library() -> tuple[Path, Truth]:
    """A folder with a few documents of everybody, to begin each story with, and the truth of it."""
    closing = ExitStack()
    folder = closing.enter_context(memory_folder())
    library.closing = closing  # type: ignore[attr-defined]  # for as long as the process lives
    truth = people_and_circles()
    with asyncio.Runner() as runner:
        runner.run(_stock(World(folder, truth)))
    return folder, truth


async def _stock(world: World) -> None:
    await world.open()
    try:
        await world.found()
        deeds, truth = Deeds(world), world.truth
        for person in truth.people:
            await deeds.upload(person, 0, "own", person.number % 2)
        await deeds.upload(truth.people[0], 0, "shared", 0)
        await deeds.upload(truth.people[3], 0, "organisation", 1)
        await deeds.ingest()
        papers = list(truth.papers.values())
        for number, circle in zip((1, 2, 3, 5, 6), truth.circles, strict=True):
            await deeds.share(papers[number], [circle.group.id])
        await deeds.share(papers[0], [EVERYONE])
        await deeds.share(papers[4], ["eva"])
        for paper in papers[::2]:
            await deeds.tag(paper)
    finally:
        await world.close()
