"""The stories: what people do and ask, in any order; Hypothesis looks for the shortest one that leaks."""

import asyncio
import copy
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from shared.domain import Scope
from tests.isolation import at_rest, twin
from tests.isolation.asks import Asks, Dialect, Narrowed
from tests.isolation.canaries import canaries_in
from tests.isolation.choices import audiences, dialects, narrowings, people, places, slots, some, top_ks
from tests.isolation.deeds import Deeds
from tests.isolation.library import library
from tests.isolation.truth import Circle, Leak, Paper, Person, Place
from tests.isolation.world import COMMON, World
from tests.simulation.run import memory_folder


class Story(RuleBasedStateMachine):
    is_gullible = False
    has_twin = True
    steps = 0  # of all stories
    found_in = 0  # of the steps, the first that leaked

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()

    @initialize()
    def begin(self) -> None:
        stocked, truth = library()
        self.folder = self.closing.enter_context(memory_folder())
        shutil.copytree(stocked, self.folder / "world")
        self.runner = self.closing.enter_context(asyncio.Runner())
        self.world = World(self.folder / "world", copy.deepcopy(truth), is_gullible=self.is_gullible)
        self.truth = self.world.truth
        self.deeds, self.asks = Deeds(self.world), Asks(self.world)
        self.closing.callback(lambda: self.runner.run(self.world.close()))
        self.runner.run(self.world.open())

    def teardown(self) -> None:
        self.closing.close()

    @rule(
        who=people, slot=slots, place=places, tale=st.integers(0, 1), is_ingested=st.booleans(), then=people
    )
    def upload(self, who: int, slot: int, place: Place, tale: int, then: int, *, is_ingested: bool) -> None:
        async def upload() -> None:
            await self.deeds.upload(self.person(who), slot, place, tale)
            if is_ingested:
                await self.deeds.ingest()

        self.tell(upload, then)

    @rule(then=people)
    def ingest(self, then: int) -> None:
        self.tell(self.deeds.ingest, then)

    @rule(who=people, slot=slots, then=people)
    def upload_what_is_broken(self, who: int, slot: int, then: int) -> None:
        async def upload() -> None:
            await self.deeds.upload(self.person(who), slot, "own", 0, is_broken=True)
            await self.deeds.ingest()

        self.tell(upload, then)

    @rule(who=people, slot=slots, then=people)
    def park(self, who: int, slot: int, then: int) -> None:
        async def park() -> None:
            await self.deeds.upload(self.person(who), slot, "own", 1)
            await self.deeds.park()

        self.tell(park, then)

    @rule(which=some, slot=slots, then=people)
    def rename(self, which: int, slot: int, then: int) -> None:
        self.tell(lambda: self.deeds.rename(self.paper(which), slot), then)

    @rule(which=some, whom=audiences, then=people)
    def share(self, which: int, whom: set[str | int], then: int) -> None:
        self.tell(lambda: self.deeds.share(self.paper(which), self.names(whom)), then)

    @rule(who=people, place=places, whom=audiences)
    def set_folder(self, who: int, place: Place, whom: set[str | int]) -> None:
        self.tell(lambda: self.deeds.set_folder(self.person(who), place, self.names(whom)))

    @rule(which=some, then=people)
    def share_no_more(self, which: int, then: int) -> None:
        paper = self.paper(which)
        self.take(lambda: self.deeds.share(paper, ()), self.reader(paper, then))

    @rule(which=some, then=people)
    def tag(self, which: int, then: int) -> None:
        self.tell(lambda: self.deeds.tag(self.paper(which)), then)

    @rule(which=some, then=people)
    def delete(self, which: int, then: int) -> None:
        paper = self.paper(which)
        self.take(lambda: self.deeds.delete(paper), self.reader(paper, then))

    @rule(which=some, who=people)
    def join_or_leave(self, which: int, who: int) -> None:
        circle = self.circle(which)
        home = [each for each in self.truth.people if each.organisation == circle.group.organisation_id]
        person = home[who % len(home)]
        self.take(lambda: self.deeds.join_or_leave(circle, person), person.number)

    @rule(which=some, then=people)
    def dissolve(self, which: int, then: int) -> None:
        self.take(lambda: self.deeds.dissolve(self.circle(which)), then)

    @rule(who=people)
    def disable_or_enable(self, who: int) -> None:
        async def disable_or_enable() -> None:
            await self.asks.ask_as_machine(self.person(who), "query", "query")
            await self.deeds.disable_or_enable(self.person(who))

        self.take(disable_or_enable, who)

    @rule(then=people)
    def change_indexes(self, then: int) -> None:
        self.tell(self.deeds.change_indexes, then)

    @rule(flush=st.booleans(), then=people)
    def restart(self, then: int, *, flush: bool) -> None:
        self.tell(lambda: self.deeds.restart(flush=flush), then)

    @rule()
    def lose_or_find_the_model(self) -> None:
        self.world.model.is_down = not self.world.model.is_down

    @rule(who=people, dialect=dialects, narrowed=narrowings)
    def ask(self, who: int, dialect: Dialect, narrowed: Narrowed) -> None:
        self.tell(lambda: self.asks.ask(self.person(who), dialect, narrowed=narrowed))

    @rule(who=people, dialect=dialects, narrowed=narrowings)
    def ask_of_own(self, who: int, dialect: Dialect, narrowed: Narrowed) -> None:
        self.tell(lambda: self.asks.ask_of_own(self.person(who), dialect, narrowed))

    @rule(who=people, scope=st.sampled_from(("query", "ingest", "admin")), dialect=dialects)
    def ask_as_machine(self, who: int, scope: Scope, dialect: Dialect) -> None:
        self.tell(lambda: self.asks.ask_as_machine(self.person(who), scope, dialect))

    @rule(who=people, other=people)
    def ask_together(self, who: int, other: int) -> None:
        self.tell(lambda: self.asks.ask_together(self.person(who), self.person(other)))

    @rule(who=people, dialect=dialects, which=some, is_elsewhere=st.booleans(), top_k=top_ks)
    def follow_up(self, who: int, dialect: Dialect, which: int, top_k: int, *, is_elsewhere: bool) -> None:
        document_id = self.paper(which).id if is_elsewhere else None
        self.tell(lambda: self.asks.follow_up(self.person(who), dialect, document_id, top_k))

    @rule(who=people, which=some, narrowed=narrowings)
    def search(self, who: int, which: int, narrowed: Narrowed) -> None:
        """For what may be somebody else's."""
        text = f"{COMMON} {' '.join(sorted(canaries_in(self.paper(which).live_text)))}"
        self.tell(lambda: self.asks.search(self.person(who), text, narrowed))

    @rule(who=people)
    def look_back(self, who: int) -> None:
        self.tell(lambda: self.asks.look_back(self.person(who)))

    @rule(who=people, which=some)
    def browse(self, who: int, which: int) -> None:
        ids = list(self.truth.ids)
        tag = min(self.paper(which).tags, default="pumps")
        picked = [ids[(which + step) % len(ids)] for step in range(4)]
        self.tell(lambda: self.asks.browse(self.person(who), tag, picked))

    @rule(who=people)
    def look_around(self, who: int) -> None:
        self.tell(lambda: self.asks.look_around(self.person(who)))

    @rule(who=people)
    def knock(self, who: int) -> None:
        self.tell(lambda: self.asks.knock(self.person(who)))

    @precondition(lambda self: self.has_twin)
    @rule(who=st.integers(1, 7))
    def compare_with_a_world_of_their_own(self, who: int) -> None:
        async def compare() -> None:
            await self.deeds.ingest()
            if not self.world.model.is_down and not self.person(who).is_disabled:
                with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                    await twin.compare(self.world, self.person(who), Path(folder))

        self.tell(compare)

    def take(self, act: Callable[[], Awaitable[object]], whom: int) -> None:
        """Let it happen while somebody looks, who has looked before: they may lose something."""

        async def take() -> None:
            await self.asks.glance(self.person(whom))
            await act()

        self.tell(take, whom)

    def tell(self, act: Callable[[], Awaitable[object]], then: int | None = None) -> None:
        """Let it happen; then, perhaps, let somebody look."""

        async def tell() -> None:
            await act()
            if then is not None:
                await self.asks.glance(self.person(then))
            self.world.check_log()
            at_rest.check(self.world.folder, self.truth)

        told = type(self)
        told.steps += 1
        try:
            self.runner.run(tell())
        except Leak:
            told.found_in = told.found_in or told.steps
            raise

    def person(self, number: int) -> Person:
        return self.truth.people[number]

    def reader(self, paper: Paper, number: int) -> int:
        """One that does not run it, if there is any."""
        readers = [each for each in self.truth.people if self.truth.opens(paper, each)]
        others = [each.number for each in readers if not paper.is_run_by(each)]
        return others[number % len(others)] if others else number

    def circle(self, number: int) -> Circle:
        return self.truth.circles[number % len(self.truth.circles)]

    def names(self, whom: set[str | int]) -> set[str]:
        return {each if isinstance(each, str) else self.circle(each).group.id for each in whom}

    def paper(self, number: int) -> Paper:
        papers = list(self.truth.papers.values())
        return papers[number % len(papers)]
