"""Whatever people do to a library: nobody is told what he may not know, by no route and in no dialect.

`LEAK_SEEDS=100 pytest …/test_nothing_leaks.py` tells so many stories.
"""

import asyncio
import io
import logging
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from functions import documents as routes
from shared.query import history, reply, retrieve
from shared.search_indexes.embedded_folder import EmbeddedSearchIndexes
from shared.telemetry.logs import JsonLines
from tests.stand_ins.echo_model import EchoModel
from tests.stand_ins.every_surface import COMMON, SURFACES, asked, followed_up
from tests.stand_ins.gullible_index import GullibleIndexes
from tests.stand_ins.secret_library import Leak
from tests.stand_ins.secret_library_api import secret_library
from tests.stand_ins.secret_words import words_in

_SEEDS = int(os.environ.get("LEAK_SEEDS", "2"))
_FIRST = int(os.environ.get("LEAK_FIRST_SEED", "0"))
_STEPS = 14
_LOOKS = 3  # after each step
_DEEDS = (
    "upload",
    "upload",
    "upload",
    "ingest",
    "share",
    "share",
    "share",
    "tag",
    "delete",
    "regroup",
    "index",
)
_OFTEN = [*SURFACES, asked, followed_up, followed_up]  # what follows up is told most
_SHORTENING = 30.0  # seconds


class Step(NamedTuple):
    """It chooses by a seed of its own: the same whatever other steps are left out."""

    deed: str
    seed: int


def story_of(seed: int) -> list[Step]:
    choice = random.Random(seed)
    begun = [Step("upload", choice.getrandbits(32)) for _ in range(3)]
    return begun + [Step(choice.choice(_DEEDS), choice.getrandbits(32)) for _ in range(_STEPS)]


async def tell(story: Sequence[Step], folder: Path, *, is_gullible: bool = False) -> int:
    """How many secrets were told to those who may know them. Errors: `Leak`."""
    plugs = {"indexes": GullibleIndexes(EmbeddedSearchIndexes(folder / "index"))} if is_gullible else {}
    with logged() as log:
        async with secret_library(folder, EchoModel(), **plugs) as library:
            for number, step in enumerate(story):
                choice = random.Random(step.seed)
                await getattr(library, step.deed)(choice)
                library.judge("documents")
                is_last = number == len(story) - 1
                for person in library.people if is_last else choice.choices(library.people, k=_LOOKS):
                    for surface in list(SURFACES) if is_last else [choice.choice(_OFTEN)]:
                        await surface(library, person, choice)
                        library.judge(SURFACES[surface])
            told = sum(len(person.told) for person in library.people)
    check_log(log.getvalue())
    return told


def check_log(lines: str) -> None:
    """Errors: `Leak`."""
    assert '"event": "request"' in lines
    private = words_in(lines) | {each for each in (COMMON, "@example.org") if each in lines}
    if private:
        raise Leak(f"the log has {sorted(private)}")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What a process that logs at INFO would have written; the test's own client is not part of it."""
    stream = io.StringIO()
    recorder, root = logging.StreamHandler(stream), logging.getLogger()
    recorder.setFormatter(JsonLines())
    recorder.addFilter(lambda record: not record.name.startswith("httpx"))
    level = root.level
    root.addHandler(recorder)
    root.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        root.removeHandler(recorder)
        root.setLevel(level)


def outcome(story: Sequence[Step], *, is_gullible: bool = False) -> Leak | int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return asyncio.run(tell(story, Path(folder), is_gullible=is_gullible))
        except Leak as leak:
            return leak


def shortest(story: list[Step], *, is_gullible: bool) -> list[Step]:
    """What is left of a leaking story when every step goes that it leaks without."""
    until = time.monotonic() + _SHORTENING
    number = len(story) - 1
    while number >= 0 and time.monotonic() < until:
        shorter = story[:number] + story[number + 1 :]
        if shorter and isinstance(outcome(shorter, is_gullible=is_gullible), Leak):
            story = shorter
        number -= 1
    return story


@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _SEEDS))
def test_nobody_is_told_what_he_may_not_know(seed: int) -> None:
    """Every other story is told of an index that takes nothing away."""
    story, is_gullible = story_of(seed), seed % 2 == 1
    told = outcome(story, is_gullible=is_gullible)
    if isinstance(told, Leak):
        story = shortest(story, is_gullible=is_gullible)
        pytest.fail(
            f"{outcome(story, is_gullible=is_gullible)}\nthe index is gullible: {is_gullible}\nstory: {story}"
        )
    assert told


@pytest.mark.parametrize(
    ("place", "name", "defect"),
    [
        (retrieve, "may_read", lambda principal, document: True),
        (routes, "may_read", lambda principal, document: True),
        (history, "may_read", lambda principal, document: True),
        (reply.Asked, "key", "answer:of-everything"),
    ],
    ids=["every hit", "every document", "every turn", "one answer for all"],
)
def test_a_planted_leak_is_found(place: Any, name: str, defect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, name, defect)
    assert any(isinstance(outcome(story_of(seed), is_gullible=True), Leak) for seed in range(20))
