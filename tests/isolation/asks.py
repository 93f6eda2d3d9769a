"""Everything that somebody can ask of the API, each judged as what it is."""

import asyncio
from typing import Any, Literal, get_args
from uuid import UUID

import httpx

from shared.domain import Scope
from tests.isolation.truth import Kind, Leak, Person
from tests.isolation.world import COMMON, World

Dialect = Literal["query", "query stream", "chat", "chat stream", "completions", "completions stream"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
Narrowed = dict[str, Any]  # of a question: filters, top_k, mode
NOBODYS = str(UUID(int=0))
_STREAMED = {"Accept": "text/event-stream"}


class Asks:
    def __init__(self, world: World) -> None:
        self.world, self.truth = world, world.truth

    async def ask(
        self,
        person: Person,
        dialect: Dialect,
        *,
        question: str = COMMON,
        narrowed: Narrowed | None = None,
        conversation: str | None = None,
        kind: Kind = "answers",
        token: str | None = None,
    ) -> httpx.Response:
        """In a new conversation, or in one of the person's where it can be named in this dialect."""
        headers = None
        if dialect.startswith("query"):
            path, body = "/api/query", {"question": question, **(narrowed or {})}
            headers = _STREAMED if dialect == "query stream" else None
            told = {"conversation_id": conversation}
        else:
            path = "/api/chat" if dialect == "chat" else "/api/chat/stream"
            body = {"messages": [{"role": "user", "content": question}]}
            told = {"sessionState": conversation}
            if dialect.startswith("completions"):
                path, told = "/api/v1/chat/completions", {}
                body |= {"stream": dialect == "completions stream", "stream_options": {"include_usage": True}}
        body |= told if conversation else {}
        answered = await self.world.say(person, "POST", path, kind, headers=headers, json=body, token=token)
        if dialect == "query" and answered.status_code == 200 and not conversation:
            person.conversations.append(answered.json()["conversation_id"])
        return answered

    async def glance(self, person: Person) -> None:
        """What everybody does every day: go on where they were, look through their documents, ask anew."""
        for each in person.conversations[-1:]:
            await self.world.say(person, "GET", f"/api/conversations/{each}", "history")
            await self.follow_up(person, "query", None, 1)
        await self.world.say(person, "GET", "/api/documents", "documents", "people")
        await self.ask(person, "query")
        for token in person.machines.values():
            await self.world.say(person, "GET", "/api/conversations", "history", token=token)

    async def ask_of_own(self, person: Person, dialect: Dialect, narrowed: Narrowed) -> None:
        """With a word in the question that is nobody else's."""
        word = self.truth.new_canary("q")
        person.typed.add(word)
        question = f"What do pumps have to do with {word}?"
        await self.ask(person, dialect, question=question, narrowed=narrowed)

    async def ask_together(self, *people: Person) -> None:
        """What nobody has asked before, so that it is written for all of them at once."""
        word = self.truth.new_canary("q")
        for person in people:
            person.typed.add(word)
        question = f"What do people say of pumps and {word}?"
        await asyncio.gather(*(self.ask(each, "query stream", question=question) for each in people))

    async def follow_up(self, person: Person, dialect: Dialect, document_id: str | None, top_k: int) -> None:
        """Of another document than the turns before, too."""
        narrowed: Narrowed = {"top_k": top_k} | ({"document_ids": [document_id]} if document_id else {})
        await self.ask(
            person,
            dialect,
            question="And what of them?",
            narrowed=narrowed,
            conversation=person.conversations[-1] if person.conversations else None,
            kind="history",
        )

    async def search(self, person: Person, text: str, narrowed: Narrowed) -> None:
        await self.world.say(person, "POST", "/api/search", "answers", json={"question": text, **narrowed})

    async def look_back(self, person: Person) -> None:
        await self.world.say(person, "GET", "/api/conversations", "history")
        await self.world.say(person, "GET", "/api/conversations/export", "history")
        for each in person.conversations[-3:]:
            path = f"/api/conversations/{each}"
            shown = await self.world.say(person, "GET", path, "history")
            await self.world.say(person, "GET", f"{path}/export", "history")
            await self.world.say(person, "GET", f"{path}/export?format=json", "history")
            await self.world.say(person, "PATCH", path, "history", json={"title": "Pumps"})
            if shown.status_code == 200:
                request_id = shown.json()["turns"][-1]["request_id"]
                rating = {"conversation_id": each, "request_id": request_id, "rating": "up"}
                await self.world.say(person, "POST", "/api/feedback", "history", json=rating)

    async def browse(self, person: Person, tag: str, ids: list[str]) -> None:
        queries: list[dict[str, str]] = [{}, {"prefix": "shared/"}, {"prefix": "notes/"}, {"limit": "1"}]
        queries += [{"status": "indexed"}, {"status": "queued"}, {"status": "failed"}]
        queries += [{"tag": "pumps"}, {"tag": tag}]
        for query in queries:
            await self.world.say(person, "GET", "/api/documents", "documents", "people", params=query)
        for each in ids:
            path = f"/api/documents/{each}"
            await self.world.say(person, "GET", path, "documents", "people")
            await self.world.say(person, "GET", f"{path}/content", "documents")
            await self.world.say(
                person, "GET", f"{path}/content", "documents", headers={"Range": "bytes=0-200"}
            )

    async def look_around(self, person: Person) -> None:
        for path in ("documents/summary", "usage", "indexes"):
            await self.world.say(person, "GET", f"/api/{path}", "answers")
        for path in ("metrics", "health/ready"):
            await self.world.hear(f"/api/{path}")
        for path in ("auth/me", "groups", "folders", "users", "organisations", "usage?all=true"):
            await self.world.say(person, "GET", f"/api/{path}", "people")
        for retried in ({"parked_only": False}, {"ids": sorted(self.truth.ids)}):
            await self.world.say(person, "POST", "/api/documents/retry", "answers", json=retried)
        for odd in ({"index": "documents"}, {"conversation_id": NOBODYS}, {"top_k": "many"}):
            await self.world.say(person, "POST", "/api/query", "answers", json={"question": COMMON} | odd)

    async def ask_as_machine(self, person: Person, scope: Scope, dialect: Dialect) -> None:
        """With a token that the person makes, or has made, for it. Errors: `Leak`."""
        if scope not in person.machines:
            wanted = {"name": scope, "scopes": [scope], "expires_in_days": 1}
            made = await self.world.say(person, "POST", "/api/auth/tokens", json=wanted)
            if made.status_code != 201:
                return
            person.machines[scope] = made.json()["token"]
        token = person.machines[scope]
        answered = await self.ask(person, dialect, token=token)
        kept = await self.world.say(person, "GET", "/api/conversations", "history", token=token)
        for response in (answered, kept):
            if scope != "query" and response.status_code not in (401, 403):
                raise Leak(f"a token for {scope} alone is answered {response.text}")

    async def knock(self, person: Person) -> None:
        """What is not the person's is refused as what is not there. Errors: `Leak`."""
        opened = {each.id for each in self.truth.papers.values() if self._opens(each, person)}
        hidden = [each for each in self.truth.ids if each not in opened | self._once_run_by(person)]
        others = [each for other in self.truth.people if other is not person for each in other.conversations]
        for ids, knocks in ((hidden, _document_knocks), (others, _conversation_knocks)):
            for each in ids[-2:]:
                pairs = zip(knocks(each), knocks(NOBODYS), strict=True)
                for (method, path, body), (_, nowhere, empty) in pairs:
                    refused = await self.world.say(person, method, path, json=body)
                    missing = await self.world.say(person, method, nowhere, json=empty)
                    if _told(refused) != _told(missing):
                        raise Leak(f"{method} {path} tells {person.name} that it is there: {refused.text}")

    def _opens(self, paper: Any, person: Person) -> bool:
        return self.truth.opens(paper, person) or paper.is_run_by(person)

    def _once_run_by(self, person: Person) -> set[str]:
        """Its owner may delete it again: that finishes what was interrupted."""
        return {each for each, name in self.truth.ids.items() if name == person.name}


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
