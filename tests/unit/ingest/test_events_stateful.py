"""Whatever events a storage account sends, and whatever fails meanwhile: Hypothesis looks for the shortest
story after which index, record and blobs differ (tests/simulation says how the fleet is run).
"""

import asyncio
import contextlib
from collections.abc import Awaitable

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from shared.domain import Principal
from shared.errors import RagError
from tests.simulation.checks import ASKERS, Checks
from tests.simulation.faults import Faults
from tests.simulation.plan import text_of
from tests.simulation.run import memory_folder
from tests.simulation.virtual_time import VirtualRunner
from tests.simulation.world import NAMES, READERS, WORKERS, Delays, World

names = st.sampled_from(NAMES[1:])
delays = st.lists(st.sampled_from((0.0, 2.0, 30.0)), max_size=2).map(tuple)  # of each copy of an event
shares = st.sampled_from((0.0, 0.02, 0.1))


class Story(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 99), refused=shares, unanswered=shares)
    def begin(self, seed: int, refused: float, unanswered: float) -> None:
        self.closing = contextlib.ExitStack()
        folder = self.closing.enter_context(memory_folder())
        self.runner = self.closing.enter_context(contextlib.closing(VirtualRunner()))
        self.world = World(folder, seed, Faults(refused=refused, unanswered=unanswered))
        self.checks = Checks(self.world)
        self.runner.run(self.world.start())

    def teardown(self) -> None:
        with self.closing:
            try:
                self.runner.run(self.checks.settle())
            finally:
                self.runner.run(self.world.close())

    @rule(name=names, edition=st.integers(0, 5), events=delays, announced=st.booleans())
    def upload(self, name: str, edition: int, events: Delays, *, announced: bool) -> None:
        text = text_of(edition, pages=edition)
        self.attempt(self.world.upload(name, text, events=events, announced=announced))

    @rule(name=names, events=delays)
    def touch(self, name: str, events: Delays) -> None:
        self.attempt(self.world.touch(name, events=events))

    @rule(name=names, events=delays, by_api=st.booleans())
    def delete(self, name: str, events: Delays, *, by_api: bool) -> None:
        self.attempt((self.world.remove if by_api else self.world.drop)(name, events=events))

    @rule(name=names, readers=st.sets(st.sampled_from(READERS), min_size=1))
    def share(self, name: str, readers: set[str]) -> None:
        self.attempt(self.world.share(name, frozenset(readers)))

    @rule(name=names)
    def retry(self, name: str) -> None:
        self.attempt(self.world.retry(name))

    @rule(seconds=st.sampled_from((0.05, 0.3, 1.0, 5.0, 30.0)))
    def wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    @rule(number=st.integers(0, WORKERS - 1), gently=st.booleans())
    def kill(self, number: int, *, gently: bool) -> None:
        self.attempt(self.world.kill(number, gently=gently))

    @rule()
    def reconcile(self) -> None:
        self.attempt(self.world.reconcile())

    @rule(chars=st.sampled_from((200, 900)))
    def build(self, chars: int) -> None:
        self.attempt(self.world.build(chars))

    @rule(act=st.sampled_from((World.promote, World.roll_back, World.discard)))
    def change_indexes(self, act) -> None:
        self.attempt(act(self.world))

    @rule(name=names, asker=st.sampled_from(ASKERS))
    def ask(self, name: str, asker: Principal) -> None:
        self.runner.run(self.checks.ask(name, asker))

    def attempt(self, work: Awaitable[object]) -> None:
        async def attempted() -> None:
            with contextlib.suppress(RagError):  # nobody tries again: that is what the reconciler is for
                await work

        self.runner.run(attempted())


TestStory = pytest.mark.slow(pytest.mark.timeout(300)(Story.TestCase))
TestStory.settings = settings(
    max_examples=100,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,  # the same stories in every run; `make soak` is for new ones
    suppress_health_check=list(HealthCheck),
)
