"""What happens in a run, drawn from its seed: steps, each at its time, that can be left out one by one."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.simulation.checks import ASKERS, Checks
from tests.simulation.faults import Faults
from tests.simulation.world import NAMES, READERS, WORKERS, Delays, World

_PLUGS = ("metadata", "blobs", "queue", "embedder", "parsers", "index v1", "index v2")

Act = Callable[[World, Checks], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Step:
    at: float
    text: str
    act: Act


@dataclass(frozen=True, kw_only=True)
class Plan:
    seed: int
    steps: tuple[Step, ...]
    faults: Callable[[], Faults]


def plan_of(seed: int) -> Plan:
    rng = random.Random(seed)
    # Each run has its own mixture: where everything fails always, little gets far enough to go wrong.
    shares = [rng.choice((0.0, 0.0, 0.01, 0.05)) for _ in range(3)]
    kinds = [kind for kind, weight in _KINDS.items() for _ in range(weight)]
    banned = set(rng.sample(list(_KINDS), 4)) - {_upload, _ask}
    allowed = [kind for kind in kinds if kind not in banned]
    names = rng.sample(NAMES, rng.randrange(1, len(NAMES) + 1))
    latency, lasts = rng.choice((0.05, 0.2, 0.8)), rng.choice((30.0, 90.0, 240.0))  # seconds
    times = sorted(rng.uniform(0, lasts) for _ in range(rng.randrange(6, 60)))
    drawn = [rng.choice(allowed)(rng, rng.choice(names)) for _ in times]
    steps = [Step(at=at, text=text, act=act) for at, (text, act) in zip(times, drawn, strict=True)]

    def faults() -> Faults:
        return Faults(refused=shares[0], unanswered=shares[1], stalled=shares[2] / 5, latency=latency)

    return Plan(seed=seed, steps=tuple(steps), faults=faults)


Drawn = tuple[str, Act]


def _events(rng: random.Random) -> Delays:
    """Late, twice, overtaking others, or never."""
    copies = rng.choices((0, 1, 2, 3), (2, 10, 2, 1))[0]
    return tuple(rng.choice((0.0, 1.0, rng.uniform(0, 20), rng.uniform(0, 120))) for _ in range(copies))


def _shown(events: Delays) -> str:
    return f"told after {', '.join(f'{delay:.0f}' for delay in events)} s" if events else "not told"


def text_of(number: int, pages: int) -> str:
    """Contents of different numbers share no chunk; 0 has none at all, 1 can never be parsed."""
    if number == 0:
        return ""
    if number == 1:
        return "BROKEN"
    return "\f".join(
        " ".join(f"Edition {number} says on page {page} in line {line} so." for line in range(8))
        for page in range(1, pages + 1)
    )


def _upload(rng: random.Random, name: str) -> Drawn:
    number = rng.choice((0, 1, *range(2, 14)))
    text, announced, events = text_of(number, number % 5 + 1), rng.random() < 0.5, _events(rng)
    return (
        f"upload {name} edition {number}{' and announce it' if announced else ''}; {_shown(events)}",
        lambda world, _: world.upload(name, text, events=events, announced=announced),
    )


def _touch(rng: random.Random, name: str) -> Drawn:
    events = _events(rng)
    return f"touch {name}; {_shown(events)}", lambda world, _: world.touch(name, events=events)


def _drop(rng: random.Random, name: str) -> Drawn:
    events = _events(rng)
    return f"drop {name}; {_shown(events)}", lambda world, _: world.drop(name, events=events)


def _remove(rng: random.Random, name: str) -> Drawn:
    events = _events(rng)
    return f"remove {name}; {_shown(events)}", lambda world, _: world.remove(name, events=events)


def _share(rng: random.Random, name: str) -> Drawn:
    readers = frozenset(rng.sample(READERS, rng.randrange(1, 3)))
    return f"share {name} with {sorted(readers)}", lambda world, _: world.share(name, readers)


def _retry(rng: random.Random, name: str) -> Drawn:
    return f"retry {name}", lambda world, _: world.retry(name)


def _reconcile(rng: random.Random, name: str) -> Drawn:
    return "reconcile", lambda world, _: world.reconcile()


def _build(rng: random.Random, name: str) -> Drawn:
    chars = rng.choice((900, 200))
    return f"build an index of {chars} characters", lambda world, _: world.build(chars)


def _promote(rng: random.Random, name: str) -> Drawn:
    if rng.random() < 0.3:
        return "roll back", lambda world, _: world.roll_back()
    return "promote the new index", lambda world, _: world.promote()


def _discard(rng: random.Random, name: str) -> Drawn:
    return "discard an index", lambda world, _: world.discard()


def _kill(rng: random.Random, name: str) -> Drawn:
    number, gently = rng.randrange(WORKERS), rng.random() < 0.3
    return f"{'stop' if gently else 'kill'} worker {number}", lambda world, _: world.kill(
        number, gently=gently
    )


def _outage(rng: random.Random, name: str) -> Drawn:
    plug, seconds = rng.choice(_PLUGS), rng.choice((2.0, 20.0))
    return f"outage of {plug} for {seconds:g} s", lambda world, _: world.outage(plug, seconds)


def _ask(rng: random.Random, name: str) -> Drawn:
    asker = rng.choice((ASKERS[0], *ASKERS))
    return f"{asker.user_id} asks for {name}", lambda _, checks: checks.ask(name, asker)


_KINDS = {
    _upload: 9,
    _touch: 2,
    _drop: 3,
    _remove: 2,
    _share: 3,
    _retry: 1,
    _reconcile: 3,
    _build: 2,
    _promote: 2,
    _discard: 1,
    _kill: 4,
    _outage: 1,
    _ask: 9,
}
