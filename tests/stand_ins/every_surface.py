"""Everything that somebody can ask of the API, each as a function of who asks and a source of choices.

The keys of `SURFACES` say by which of the library's rules the responses are judged.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import httpx

from tests.stand_ins.secret_library import Kind, Leak, Person, SecretLibrary

Surface: TypeAlias = Callable[[SecretLibrary, Person, random.Random], Awaitable[None]]

COMMON = "What do people say of pumps?"  # that everybody asks alike
_STREAMED = {"Accept": "text/event-stream"}
_NOBODYS = str(UUID(int=0))


def _question(library: SecretLibrary, person: Person, choice: random.Random) -> str:
    if choice.random() < 0.5:
        return COMMON
    word = library.new_word("q")
    person.typed.add(word)
    return f"What do pumps have to do with {word}?"


async def asked(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    body = _narrowed(choice) | {"question": _question(library, person, choice)}
    headers = _STREAMED if choice.random() < 0.5 else {}
    response = await person.http.post("/api/query", json=body, headers=headers)
    if not headers:
        person.conversations.append(response.json()["conversation_id"])


async def searched(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    ids = sorted(library.ids) or [_NOBODYS]
    bodies: list[dict[str, Any]] = [
        {"question": COMMON, "mode": mode} for mode in ("text", "vector", "hybrid")
    ]
    bodies += [
        {"question": COMMON, **_narrowed(choice)},
        {"question": COMMON, "document_ids": ids},
        {"question": choice.choice([*sorted(_all_words(library)), COMMON]), "top_k": 50},
    ]
    for body in bodies:
        await person.http.post("/api/search", json=body)


async def chatted(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    body = {"messages": [{"role": "user", "content": _question(library, person, choice)}]}
    await person.http.post("/api/chat", json=body)
    await person.http.post("/api/chat/stream", json=body)
    await person.http.post("/api/v1/chat/completions", json=body)
    await person.http.post("/api/v1/chat/completions", json=body | {"stream": True})


async def asked_together(library: SecretLibrary, _: Person, __: random.Random) -> None:
    """Cached, or written for several at once."""
    await asyncio.gather(
        *(person.http.post("/api/query", json={"question": COMMON}) for person in library.people)
    )


async def followed_up(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    """Of another document than the turns before, too."""
    if not person.conversations:
        return
    conversation = choice.choice(person.conversations)
    body = {"question": "And what of them?", "conversation_id": conversation}
    elsewhere = {"document_ids": [choice.choice(sorted(library.ids))]} if library.ids else {}
    told = {"messages": [{"role": "user", "content": COMMON}], "sessionState": conversation}
    await person.http.post("/api/query", json=body | {"top_k": choice.choice((1, 2, 8))})
    await person.http.post("/api/query", json=body | elsewhere, headers=_STREAMED)
    await person.http.post("/api/chat", json=told)
    await person.http.post("/api/chat/stream", json=told)


async def looked_back(_: SecretLibrary, person: Person, choice: random.Random) -> None:
    await person.http.get("/api/conversations")
    await person.http.get("/api/conversations/export")
    for each in choice.sample(person.conversations, min(3, len(person.conversations))):
        path = f"/api/conversations/{each}"
        turns = (await person.http.get(path)).json()["turns"]
        rating = {"conversation_id": each, "request_id": turns[-1]["request_id"], "rating": "up"}
        await person.http.get(f"{path}/export")
        await person.http.get(f"{path}/export?format=json")
        await person.http.patch(path, json={"title": "Pumps"})
        await person.http.post("/api/feedback", json=rating)


async def browsed(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    tags = sorted(tag for paper in library.papers.values() for tag in paper.tags) or ["pumps"]
    queries: list[dict[str, str]] = [{}, {"prefix": "shared/"}, {"prefix": "notes/"}, {"status": "indexed"}]
    queries += [{"status": "queued"}, {"tag": "pumps"}, {"tag": choice.choice(tags)}, {"limit": "1"}]
    for query in queries:
        await person.http.get("/api/documents", params=query)
    for each in choice.sample(sorted(library.ids), min(5, len(library.ids))):
        path = f"/api/documents/{each}"
        await person.http.get(path)
        await person.http.get(f"{path}/content")
        await person.http.get(f"{path}/content", headers={"Range": "bytes=0-200"})


async def looked_around(library: SecretLibrary, person: Person, _: random.Random) -> None:
    for path in ("documents/summary", "usage", "usage?all=true", "indexes", "metrics", "health/ready"):
        await person.http.get(f"/api/{path}")
    await person.http.post("/api/documents/retry", json={"parked_only": False})
    await person.http.post("/api/documents/retry", json={"ids": sorted(library.ids)})
    for odd in ({"index": "documents"}, {"conversation_id": _NOBODYS}, {"top_k": "many"}):
        await person.http.post("/api/query", json={"question": COMMON} | odd)


async def tried_doors(library: SecretLibrary, person: Person, choice: random.Random) -> None:
    """What is not the person's is refused as what is not there."""
    hidden = [each for each in sorted(library.ids) if not _sees(library, person, each)]
    others = [each for other in library.people if other is not person for each in other.conversations]
    for ids, knocks in ((hidden, _document_knocks), (others, _conversation_knocks)):
        for each in choice.sample(ids, min(2, len(ids))):
            for (method, path, body), (_, nowhere, empty) in zip(knocks(each), knocks(_NOBODYS), strict=True):
                refused = await person.http.request(method, path, json=body)
                missing = await person.http.request(method, nowhere, json=empty)
                if refused.status_code != 404 or _told(refused) != _told(missing):
                    raise Leak(f"{method} {path} tells {person.name} that it is there: {refused.text}")


SURFACES: dict[Surface, Kind] = {
    asked: "answers",
    searched: "answers",
    chatted: "answers",
    asked_together: "answers",
    followed_up: "history",
    looked_back: "history",
    browsed: "documents",
    looked_around: "answers",
    tried_doors: "answers",
}


def _document_knocks(document_id: str) -> list[tuple[str, str, Any]]:
    path = f"/api/documents/{document_id}"
    return [
        ("GET", path, None),
        ("GET", f"{path}/content", None),
        ("PATCH", path, {"readers": ["everyone"]}),
        ("PATCH", path, {"tags": ["mine"]}),
        ("POST", f"{path}/retry", None),
        ("DELETE", path, None),
    ]


def _conversation_knocks(conversation: str) -> list[tuple[str, str, Any]]:
    path = f"/api/conversations/{conversation}"
    said = [{"role": "user", "content": COMMON}]
    return [
        ("GET", path, None),
        ("GET", f"{path}/export", None),
        ("PATCH", path, {"title": "mine"}),
        ("DELETE", path, None),
        ("POST", "/api/feedback", {"conversation_id": conversation, "request_id": "r", "rating": "up"}),
        ("POST", "/api/query", {"question": COMMON, "conversation_id": conversation}),
        ("POST", "/api/chat", {"messages": said, "sessionState": conversation}),
        ("POST", "/api/chat/stream", {"messages": said, "sessionState": conversation}),
    ]


def _told(response: httpx.Response) -> tuple[Any, ...]:
    """All of it that may not depend on whether the thing is there."""
    body = {key: value for key, value in response.json().items() if key != "request_id"}
    headers = {
        key: value for key, value in response.headers.items() if key not in {"x-request-id", "content-length"}
    }
    return response.status_code, headers, body


def _sees(library: SecretLibrary, person: Person, document_id: str) -> bool:
    """Its owner may delete it again: that finishes what was interrupted."""
    opened = {paper.id for paper in library.papers.values() if paper.opens_to(person)}
    return document_id in opened or library.ids[document_id] is person


def _narrowed(choice: random.Random) -> dict[str, Any]:
    narrowed: list[dict[str, Any]] = [
        {},
        {"filters": {"folder": "shared"}},
        {"filters": {"types": ["txt"]}},
        {"filters": {"tags": ["pumps"]}},
        {"filters": {"since": "2020-01-01"}},
    ]
    return choice.choice(narrowed) | {
        "top_k": choice.choice((1, 2, 8)),
        "mode": choice.choice(("text", "hybrid")),
    }


def _all_words(library: SecretLibrary) -> set[str]:
    return {word for paper in library.papers.values() for word in paper.ever | paper.uploaded | paper.tags}
