"""A world that has nothing but what one person may see: to this person it must look the same."""

import asyncio
import copy
import json
import sqlite3
import time
from contextlib import closing
from math import isclose
from pathlib import Path
from typing import Any

from shared.ingest import pipeline
from shared.ingest.readers import share
from tests.isolation.truth import Leak, Paper, Person
from tests.isolation.world import COMMON, World
from tests.stand_ins.pipeline_services import put

# Between any two runs, where they have asked before, with what all workers have to do for everybody, and by
# which of two passages that are as good is first.
_DIFFERS = {
    *("created_at", "updated_at", "indexed_at", "timings", "request_id", "conversation_id", "index"),
    *("cached", "usage", "per_minute", "expected_seconds", "answer", "marker"),
}
_TOLERANCE = 0.25
_PATIENCE = 5.0  # seconds


async def compare(world: World, person: Person, folder: Path) -> None:
    """Errors: `Leak` where the two tell the person different things."""
    truth = copy.deepcopy(world.truth)
    truth.papers = {each.name: each for each in truth.readable_by(person)}
    twin = World(folder, truth)
    try:
        await twin.open()
        await twin.found()
        await _fill(twin, await _order(world))
        for method, path, body in _questions(world, person):
            await _compare_answers(world, twin, person, method, path, body)
    finally:
        await twin.close()


async def _compare_answers(
    world: World, twin: World, person: Person, method: str, path: str, body: Any
) -> None:
    """Words that were just written may take a moment to be found by."""
    until = time.monotonic() + _PATIENCE
    while True:
        here, there = [
            (await each.say(person, method, path, "answers", "documents", "people", json=body)).json()
            for each in (world, twin)
        ]
        if _is_alike(_told(here), _told(there)):
            return
        if time.monotonic() > until:
            raise Leak(
                f"{method} {path} {body} tells {person.name} of what is not theirs:\n{_text(here)}"
                f"\nwithout it:\n{_text(there)}"
            )
        await asyncio.sleep(0.1)


async def _order(world: World) -> list[str]:
    """The ids of documents in the order of the live index: of two equal passages the older is first."""
    name = (await (await world.services()).shelf.live()).name
    file = world.folder / "index" / name / "chunks.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT d.id FROM chunks c JOIN documents d ON d.number = c.document ORDER BY c.row"
        )
        return [document_id for (document_id,) in rows]


async def _fill(twin: World, order: list[str]) -> None:
    services = await twin.services()
    places = {document_id: place for place, document_id in enumerate(order)}
    for paper in sorted(twin.truth.papers.values(), key=lambda paper: places.get(paper.id, len(places))):
        for text in filter(None, dict.fromkeys((paper.live_text, paper.text))):
            await put(services, text, paper.name)
            await pipeline.ingest(paper.name, services)
        await share(paper.id, frozenset(paper.readers), services)
        await services.metadata.set_tags(paper.id, frozenset(_tags(paper)), now=1e9)


def _tags(paper: Paper) -> set[str]:
    return paper.tags | {"pumps"} if paper.tags else set()


def _questions(world: World, person: Person) -> list[tuple[str, str, Any]]:
    foreign = [each for each in world.truth.papers.values() if not world.truth.opens(each, person)]
    words = [" ".join(each.live_text.split()[:1]) for each in foreign]
    few = [each.id for each in world.truth.readable_by(person)[:3]] or [foreign[0].id]
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/api/search", {"question": question, "mode": mode, "top_k": 20})
        for question in (COMMON, "oil of pumps in winter", " ".join(["bearings", *words[:3]]))
        for mode in ("text", "vector", "hybrid")
    ]
    return [
        *asked,
        ("POST", "/api/search", {"question": COMMON, "filters": {"tags": ["pumps"]}}),
        ("POST", "/api/query", {"question": COMMON, "document_ids": few}),
        ("GET", "/api/documents", None),
        ("GET", "/api/documents?tag=pumps", None),
        ("GET", "/api/documents?limit=1", None),
        ("GET", "/api/documents/summary", None),
    ]


def _told(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _told(value) for key, value in said.items() if key not in _DIFFERS}
    if isinstance(said, list) and all(isinstance(each, dict) and "document_id" in each for each in said):
        return [_told(each) for each in sorted(said, key=lambda each: (each["document_id"], each["page"]))]
    return [_told(each) for each in said] if isinstance(said, list) else said


def _is_alike(one: Any, other: Any) -> bool:
    """The same but for how long passages are in the mean, by which BM25 judges the length of each."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE / 5)
    return bool(one == other)


def _text(said: Any) -> str:
    return json.dumps(_told(said), indent=1)[:6_000]
