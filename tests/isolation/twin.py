"""A world that has nothing but what one person may see: to this person it must look the same."""

import copy
import json
from pathlib import Path
from typing import Any

from shared.ingest import pipeline
from shared.ingest.readers import share
from tests.isolation.truth import Leak, Paper, Person
from tests.isolation.world import COMMON, World
from tests.stand_ins.pipeline_services import put

# Between any two runs, where they have asked before, and with what all workers have to do for everybody.
_DIFFERS = frozenset(
    [
        "created_at",
        "updated_at",
        "indexed_at",
        "timings",
        "request_id",
        "conversation_id",
        "index",
        "cached",
        "usage",
        "backlog",
        "per_minute",
        "expected_seconds",
    ]
)


async def compare(world: World, person: Person, folder: Path) -> None:
    """Errors: `Leak` where the two tell the person different things."""
    truth = copy.deepcopy(world.truth)
    truth.papers = {each.name: each for each in truth.readable_by(person)}
    twin = World(folder, truth)
    try:
        await twin.open()
        await twin.found()
        await _fill(twin)
        for method, path, body in _questions(world, person):
            here = await world.say(person, method, path, "answers", "documents", "people", json=body)
            there = await twin.say(person, method, path, "answers", "documents", "people", json=body)
            if _compared(here.json(), body) != _compared(there.json(), body):
                raise Leak(
                    f"{method} {path} {body} tells {person.name} of what is not theirs:\n{_text(here.json())}"
                    f"\nwithout it:\n{_text(there.json())}"
                )
    finally:
        await twin.close()


async def _fill(twin: World) -> None:
    """In the order in which the live versions came to be: of two passages as good the older one is first."""
    services = await twin.services()
    live = [twin.truth.papers[name] for name in twin.truth.order if name in twin.truth.papers]
    for paper in [*live, *(each for each in twin.truth.papers.values() if each not in live)]:
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
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/api/search", {"question": question, "mode": mode, "top_k": 50})
        for question in (COMMON, "oil of pumps in winter", " ".join(["bearings", *words[:3]]))
        for mode in ("text", "vector", "hybrid")
    ]
    return [
        *asked,
        ("POST", "/api/search", {"question": COMMON, "mode": "vector", "filters": {"tags": ["pumps"]}}),
        ("POST", "/api/query", {"question": COMMON, "mode": "vector"}),
        ("GET", "/api/documents", None),
        ("GET", "/api/documents?tag=pumps", None),
        ("GET", "/api/documents?limit=1", None),
        ("GET", "/api/documents/summary", None),
    ]


def _compared(said: Any, asked: Any) -> Any:
    told = _told(said)
    if asked is None or asked.get("mode") == "vector":
        return told
    # BM25 weighs words by how many of all passages have them: so far scores, and with them the order, differ.
    return sorted((each["document_id"], each["page"]) for each in told["passages"])


def _told(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _told(value) for key, value in said.items() if key not in _DIFFERS}
    return [_told(each) for each in said] if isinstance(said, list) else said


def _text(said: Any) -> str:
    return json.dumps(_told(said), indent=1)[:6_000]
