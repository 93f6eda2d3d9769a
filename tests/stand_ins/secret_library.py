"""A library whose every name, title, page and tag holds a secret word, and the truth of who may see which.

People do to it what people do; `allowed` is worked out from that alone, never from what the product says.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Literal

import httpx

from shared.domain import EVERYONE, Principal, group_reader, user_reader
from shared.errors import Conflict
from shared.ingest import builds, documents, pipeline
from shared.services import Services
from tests.stand_ins.index_building import work_off
from tests.stand_ins.secret_words import secret_word, words_in

Kind = Literal["documents", "answers", "history"]

GROUPS = ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")
_SLOTS = 3  # documents of each owner
_TALES = (  # of documents that tell one of them, only a secret tells them apart
    "Pumps of the north are oiled by hand every morning before the first shift begins its work in the hall",
    "Whoever starts pumps in winter warms their bearings slowly and listens whether something grinds inside",
)


class Leak(AssertionError):
    """Somebody was told what he may not know."""


@dataclass(kw_only=True)
class Person:
    name: str
    principal: Principal
    http: httpx.AsyncClient
    typed: set[str] = field(default_factory=set)  # words of his own questions
    told: set[str] = field(default_factory=set)  # what answers told him when he might be told
    conversations: list[str] = field(default_factory=list)
    heard: list[httpx.Response] = field(default_factory=list)  # and not judged yet


@dataclass(kw_only=True)
class Paper:
    """One document, from its first upload to its deletion."""

    name: str
    owner: Person
    is_shared: bool
    readers: set[str]
    uploaded: set[str] = field(default_factory=set)  # in the file
    live: set[str] = field(default_factory=set)  # in the version that answers come from
    ever: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        return documents.document_id(self.name)

    def opens_to(self, person: Person) -> bool:
        return not self.readers.isdisjoint(person.principal.readers)

    def is_run_by(self, person: Person) -> bool:
        return self.owner is person


class Directory:
    """Stands where Entra ID's tokens are checked: a name is a token, and says who it is today."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    def recognises(self, token: str) -> bool:
        return True

    async def verify(self, token: str) -> Principal:
        return self.principals[token]

    async def close(self) -> None:
        pass


class SecretLibrary:
    def __init__(self, services: Services, directory: Directory, people: list[Person]) -> None:
        self.services, self.people = services, people
        self.papers: dict[str, Paper] = {}
        self.ids: dict[str, Person] = {}  # of all documents that there ever were, with their owners
        self._directory = directory
        self._number = 0  # of the last secret
        self._waiting: set[str] = set()  # to be ingested

    def new_word(self, kind: str) -> str:
        self._number += 1
        return secret_word(kind, self._number)

    def allowed(self, person: Person, kind: Kind) -> set[str]:
        """The secrets that this kind of response may tell the person now."""
        seen = set(person.typed)
        for paper in self.papers.values():
            name = words_in(paper.name)
            if paper.opens_to(person):
                seen |= name | paper.live
                if kind == "documents":
                    seen |= paper.uploaded | paper.tags
                elif kind == "history":  # he keeps what he was told of a document while he may read it
                    seen |= paper.ever & person.told
            elif kind == "documents" and paper.is_run_by(person):
                seen |= name | paper.live | paper.uploaded | paper.tags
        return seen

    def judge(self, kind: Kind) -> None:
        """What everybody has heard since the last time. Errors: `Leak`."""
        for person in self.people:
            for response in person.heard:
                request = f"{response.request.method} {response.request.url}"
                said = f"{request}: {response.status_code} {response.text}"
                words = words_in(response.text) | words_in(str(response.headers))
                if secrets := words - self.allowed(person, kind):
                    raise Leak(f"{person.name} is told {sorted(secrets)} by {said}")
                if response.status_code >= 500:
                    raise Leak(f"{person.name} is told nothing at all by {said}")
                if kind != "documents":
                    person.told |= words - person.typed
            person.heard.clear()

    async def upload(self, choice: random.Random) -> None:
        owner, slot = choice.choice(self.people), choice.randrange(_SLOTS)
        is_shared = owner.principal.is_administrator and choice.random() < 0.8
        word = secret_word("n", self.people.index(owner) * 100 + slot + (50 if is_shared else 0) + 10_000)
        path = f"{'shared' if is_shared else 'notes'}/{word}.txt"
        title, *pages = (self.new_word(kind) for kind in "tcps")
        text = f"{title}\n" + "\f".join(f"{choice.choice(_TALES)} {page}" for page in pages)
        _is(202, await owner.http.put(f"/api/documents/{path}", content=text.encode()))
        name = documents.blob_name(path, owner.principal.user_id)
        first = EVERYONE if is_shared else user_reader(owner.principal.user_id)
        paper = self.papers.setdefault(
            name, Paper(name=name, owner=owner, is_shared=is_shared, readers={first})
        )
        paper.uploaded = words_in(text)
        self.ids[paper.id] = owner
        self._waiting.add(name)
        if choice.random() < 0.8:
            await self.ingest(choice)

    async def ingest(self, _: random.Random) -> None:
        for name in sorted(self._waiting):
            await pipeline.ingest(name, self.services)
            if name in self.papers:
                paper = self.papers[name]
                paper.live = set(paper.uploaded)
                paper.ever |= paper.live
        self._waiting.clear()

    async def share(self, choice: random.Random) -> None:
        if (paper := self._paper(choice)) is None:
            return
        entries = {
            EVERYONE: EVERYONE,
            "ada@example.org": user_reader(self.people[1].principal.user_id),
            **{group_reader(group): group_reader(group) for group in GROUPS},
        }
        wanted = choice.sample(sorted(entries), choice.choice((0, 1, 2, 3)))
        _is(200, await paper.owner.http.patch(f"/api/documents/{paper.id}", json={"readers": wanted}))
        own = set() if paper.is_shared else {user_reader(paper.owner.principal.user_id)}
        paper.readers = own | {entries[each] for each in wanted}

    async def tag(self, choice: random.Random) -> None:
        if (paper := self._paper(choice)) is None:
            return
        word = self.new_word("g")
        _is(200, await paper.owner.http.patch(f"/api/documents/{paper.id}", json={"tags": [word, "pumps"]}))
        paper.tags = {word}

    async def delete(self, choice: random.Random) -> None:
        if (paper := self._paper(choice)) is None:
            return
        _is(204, await paper.owner.http.delete(f"/api/documents/{paper.id}"))
        del self.papers[paper.name]

    async def regroup(self, choice: random.Random) -> None:
        """Somebody of the directory joins and leaves groups."""
        person = choice.choice(self.people[2:])
        groups = frozenset(choice.sample(GROUPS, choice.randrange(3)))
        person.principal = replace(person.principal, groups=groups)
        self._directory.principals[person.name] = person.principal

    async def index(self, choice: random.Random) -> None:
        """Build another one, make it live, or go back."""
        await work_off(self.services)  # what an index does not hold yet it would show older
        versions = await self.services.shelf.filled()
        building = [each.name for each in versions if each.state == "building"]
        try:
            if building:
                await builds.promote(building[0], self.services)
            elif choice.random() < 0.6:
                await builds.build(self.services)
            else:
                await builds.rollback(self.services)
        except Conflict:
            return  # nothing to go back to
        await work_off(self.services)

    def _paper(self, choice: random.Random) -> Paper | None:
        return choice.choice([self.papers[name] for name in sorted(self.papers)]) if self.papers else None


def _is(status: int, response: httpx.Response) -> None:
    assert response.status_code == status, (
        f"{response.request.method} {response.request.url}: {response.text}"
    )
