"""People who use the service without a pause while it is released: what they asked for, and what they got."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import httpx

from tests.planted import planted

PASSWORD = planted("password under load")
ANCHOR = "shared/anchor.md"
SPOKEN = "The pump runs for nine hours and its filter is changed every Monday [1]."
PASSAGE = "The pump runs for nine hours. Its filter is changed every Monday."
LIMIT = 100_000  # requests of a user in a minute: nobody comes near
_PAUSE = 0.3  # seconds
_STREAMS = 3  # at the same time
_NAMES = 6  # documents that come, change and go
_LONG = 20  # lines of a long one

_Person: TypeAlias = Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]


@dataclass
class Counts:
    requests: int = 0
    streams: int = 0
    uploads: int = 0
    deletions: int = 0
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # streams without their end
    unfound: list[str] = field(default_factory=list)  # searches without the document that is always there
    miscounted: list[str] = field(default_factory=list)  # by the limit of requests

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {len(self.failed)} failed; "
            f"{self.streams} streams, {len(self.broken)} broken; "
            f"{self.uploads} uploads, {self.deletions} deletions, "
            f"{len(self.unfound)} searches without their document; "
            f"{len(self.miscounted)} requests miscounted"
        )


class Load:
    """`contents` is what the library must hold at the end, as `library_state` wants it."""

    def __init__(self, url: str) -> None:
        self.counts = Counts()
        self.contents: dict[str, list[str] | None] = {}
        self.answered: dict[str, int] = {}  # streams with their end, by user
        self.tokens: dict[str, dict[str, str]] = {}  # by user, as the host gave them
        self._url = url
        self._ids: dict[str, str] = {}
        self._numbers = itertools.count()
        self._minute, self._left = 0, LIMIT  # of the user who counts

    async def begin(self) -> None:
        """Accounts and the document that everybody asks for. The first account administers."""
        async with self._client() as http:
            for name in ("ada", "reader", "meter", "guest", *(f"asker{n}" for n in range(_STREAMS))):
                account = {"email": f"{name}@example.com", "password": PASSWORD}
                (await http.post("/api/auth/register", json=account)).raise_for_status()
                self.tokens[name] = await self._sign_in(http, name)
            await self._put(http, ANCHOR, [PASSAGE])
            while await self._status(http, ANCHOR) != "indexed":
                await asyncio.sleep(_PAUSE)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All of them at once; each finishes what it is at before the end."""
        stopping = asyncio.Event()
        people: list[_Person] = [self._search, self._list, self._meter, self._write, self._return]
        people += [partial(self._ask, f"asker{n}") for n in range(_STREAMS)]
        tasks = [asyncio.create_task(self._repeat(person, stopping)) for person in people]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    async def call(self, method: str, path: str, *, user: str = "ada", **options: Any) -> httpx.Response:
        """Once, on a connection of its own; neither counted nor expected to succeed."""
        async with self._client() as http:
            return await http.request(method, path, headers=self._headers(user), **options)

    async def _repeat(self, person: _Person, stopping: asyncio.Event) -> None:
        async with self._client() as http:
            while not stopping.is_set():
                await person(http)

    # -- people --------------------------------------------------------------------------------

    async def _search(self, http: httpx.AsyncClient) -> None:
        question = {"question": "How long does the pump run?", "top_k": 50}
        answer = await self._counted(http, "POST", "/api/search", user="reader", json=question)
        names = [each["document"] for each in answer.json()["passages"]] if answer else []
        if answer and ANCHOR not in names:
            self.counts.unfound.append(f"{names} by {answer.json().get('index')}")
        await asyncio.sleep(_PAUSE)

    async def _list(self, http: httpx.AsyncClient) -> None:
        await self._counted(http, "GET", "/api/documents", user="reader")
        await self._counted(http, "GET", "/api/auth/me", user="reader")
        await asyncio.sleep(_PAUSE)

    async def _meter(self, http: httpx.AsyncClient) -> None:
        """Each request must leave one less than the one before, whichever host has counted it."""
        question = {"question": "How long does the pump run?", "top_k": 1}
        before = int(time.time() // 60)
        answer = await self._counted(http, "POST", "/api/search", user="meter", json=question)
        left = int(answer.headers["ratelimit-remaining"]) if answer else -1
        is_new = left == LIMIT - 1 and self._minute != int(time.time() // 60)
        if not is_new and left != self._left - 1:
            self.counts.miscounted.append(f"{left} left after {self._left}")
        self._minute, self._left = before, left
        await asyncio.sleep(_PAUSE)

    async def _ask(self, user: str, http: httpx.AsyncClient) -> None:
        """One streamed answer: complete is one with every word and its end."""
        question = {
            "question": f"How long does the pump run, asks {user} for the {next(self._numbers)}th time?"
        }
        headers = {**self._headers(user), "Accept": "text/event-stream"}
        text, name, problem = "", "", ""
        try:
            async with http.stream("POST", "/api/query", json=question, headers=headers) as answer:
                problem = "" if answer.status_code == httpx.codes.OK else f"status {answer.status_code}"
                async for line in answer.aiter_lines():
                    kind, _, value = line.partition(": ")
                    name = value if kind == "event" else name
                    if kind == "data" and name == "delta":
                        text += json.loads(value)["text"]
        except httpx.TransportError as error:
            problem = repr(error)
        self.counts.streams += 1
        if (text, name, problem) == (SPOKEN, "done", ""):
            self.answered[user] = self.answered.get(user, 0) + 1
        else:
            self.counts.broken.append(f"{text!r}, then {name!r} {problem}")

    async def _write(self, http: httpx.AsyncClient) -> None:
        """Documents come, are replaced and go; some are long, so that a release meets them half done."""
        number = next(self._numbers)
        name = f"shared/roll/{number % _NAMES}.md"
        if name in self.contents and number % 5 == 4:
            self.counts.deletions += 1
            path = f"/api/documents/{self._ids[name]}"
            if await self._counted(http, "DELETE", path, status=204):
                del self.contents[name]
        else:
            lines = _LONG if number % _NAMES == 0 else 1
            await self._put(
                http, name, [f"Line {line} of edition {number} of {name}." for line in range(lines)]
            )
        await asyncio.sleep(3 * _PAUSE)

    async def _return(self, http: httpx.AsyncClient) -> None:
        """A session goes on by its refresh token; another sign-in beside it comes and goes."""
        self.tokens["guest"] = await self._sign_in(http, "guest", self.tokens["guest"]["refresh_token"])
        await self._counted(http, "GET", "/api/auth/me", user="guest")
        self.tokens["visitor"] = await self._sign_in(http, "guest")
        await self._counted(http, "GET", "/api/auth/me", user="visitor")
        form = {"token": self.tokens["visitor"]["refresh_token"]}
        await self._counted(http, "POST", "/api/auth/revoke", user="visitor", data=form)
        await self._counted(http, "GET", "/api/auth/me", user="visitor", status=401)
        await asyncio.sleep(5 * _PAUSE)

    # -- requests ------------------------------------------------------------------------------

    async def _put(self, http: httpx.AsyncClient, name: str, lines: list[str]) -> None:
        self.counts.uploads += 1
        text = "\n\n".join(lines)
        if answer := await self._counted(http, "PUT", f"/api/documents/{name}", status=202, content=text):
            self.contents[name] = lines
            self._ids[name] = answer.json()["id"]

    async def _status(self, http: httpx.AsyncClient, name: str) -> str:
        answer = await self._counted(http, "GET", f"/api/documents/{self._ids[name]}")
        return str(answer.json()["status"]) if answer else ""

    async def _sign_in(self, http: httpx.AsyncClient, name: str, refresh: str = "") -> dict[str, str]:
        form = {"grant_type": "password", "username": f"{name}@example.com", "password": PASSWORD}
        if refresh:
            form = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = await self._counted(http, "POST", "/api/auth/token", user="", data=form)
        return dict(answer.json()) if answer else self.tokens[name]

    async def _counted(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        user: str = "ada",
        status: int = 200,
        **options: Any,
    ) -> httpx.Response | None:
        """The answer, if it has the status; else it has failed."""
        self.counts.requests += 1
        try:
            answer = await http.request(method, path, headers=self._headers(user), **options)
        except httpx.TransportError as error:
            self.counts.failed.append(f"{method} {path}: {error!r}")
            return None
        if answer.status_code != status:
            self.counts.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer

    def _headers(self, user: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[user]['access_token']}"} if user else {}

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, timeout=60, trust_env=False)
