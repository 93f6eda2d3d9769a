"""What people do to the library. Each deed changes the truth as it changes the product."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import azure.functions as func
import httpx

from functions.ingest import register_triggers
from shared.domain import EVERYONE, group_reader, organisation_reader, user_reader
from shared.ingest import documents, pipeline
from shared.ingest.events import StorageEvent, encode
from tests.isolation.canaries import canaries_in, canary
from tests.isolation.truth import Circle, Paper, Person, Place
from tests.isolation.world import World
from tests.stand_ins.index_building import work_off

SLOTS = 3  # documents of each owner in each place
_TALES = (  # of documents that tell one of them, only a canary tells them apart
    "Pumps of the north are oiled by hand every morning before the first shift begins its work in the hall",
    "Whoever starts pumps in winter warms their bearings slowly and listens whether something grinds inside",
)


class Deeds:
    def __init__(self, world: World) -> None:
        self.world, self.truth = world, world.truth

    async def upload(
        self, owner: Person, slot: int, place: Place, tale: int, *, is_broken: bool = False
    ) -> None:
        """A new document, or another edition of one. A broken one can never be read."""
        if owner.is_disabled:
            return
        text = self._text(tale) if not is_broken else f"{self.truth.new_canary('t')}\nBROKEN"
        await self._put(owner, *self._place(owner, slot, place), text)

    async def ingest(self) -> None:
        services = await self.world.services()
        for name in self.truth.waiting:
            await pipeline.ingest(name, services)
            paper = self.truth.papers.get(name)
            if paper is not None and "BROKEN" not in paper.text and paper.live_text != paper.text:
                paper.live_text = paper.text
                paper.ever |= canaries_in(paper.text)
        self.truth.waiting.clear()

    async def park(self) -> None:
        """What waits has failed too often; who runs it sees that, and retries it."""
        app = func.FunctionApp()
        register_triggers(app, self.world.runtime)
        triggers = {each.get_function_name(): each.get_user_function() for each in app.get_functions()}
        waiting = [self.truth.papers[name] for name in self.truth.waiting if name in self.truth.papers]
        for paper in waiting:
            if (runner := self._runner(paper)).is_disabled:
                continue
            body, now = encode(StorageEvent(name=paper.name)), datetime.now(UTC)
            await triggers["ingest_poison"](func.queue.QueueMessage(id="1", body=body, insertion_time=now))
            path = f"/api/documents/{paper.id}"
            await self.world.say(runner, "GET", path, "documents", "people")
            _is(202, await self.world.say(runner, "POST", f"{path}/retry", "documents"))

    async def rename(self, paper: Paper, slot: int) -> None:
        """As people do it: the same file under another name, and the first one deleted."""
        owner = paper.owner
        if owner is None or owner.is_disabled or not paper.live_text:
            return
        await self._put(owner, *self._place(owner, slot + SLOTS, "own"), paper.live_text)
        await self.ingest()
        await self.delete(paper)

    async def share(self, paper: Paper, with_whom: Collection[str]) -> None:
        """With `everyone`, people and groups by their names; with nobody else any more."""
        runner = self._runner(paper)
        entries = {name: entry for each in with_whom for name, entry in self._entries(each, paper)}
        if runner.is_disabled:
            return
        changed = await self.world.say(
            runner,
            "PATCH",
            f"/api/documents/{paper.id}",
            "documents",
            "people",
            json={"readers": sorted(entries)},
        )
        _is(200, changed)
        own = {user_reader(paper.owner.user_id)} if paper.owner else set()
        paper.readers = own | set(entries.values())

    async def tag(self, paper: Paper) -> None:
        runner = self._runner(paper)
        if runner.is_disabled:
            return
        word = self.truth.new_canary("g")
        paper.tags = {word}
        changed = await self.world.say(
            runner,
            "PATCH",
            f"/api/documents/{paper.id}",
            "documents",
            "people",
            json={"tags": [word, "pumps"]},
        )
        _is(200, changed)

    async def delete(self, paper: Paper) -> None:
        """The last one stays, for the story to go on."""
        runner = self._runner(paper)
        if runner.is_disabled or len(self.truth.papers) == 1:
            return
        _is(204, await self.world.say(runner, "DELETE", f"/api/documents/{paper.id}"))
        del self.truth.papers[paper.name]

    async def join_or_leave(self, circle: Circle, person: Person) -> None:
        if person.organisation != circle.group.organisation_id:
            return
        is_in = person.name in circle.members
        path = f"/api/groups/{circle.group.id}/members/{person.user_id}"
        _is(204, await self.world.say(self._root, "DELETE" if is_in else "PUT", path))
        circle.members ^= {person.name}

    async def dissolve(self, circle: Circle) -> None:
        """Whoever was in it is in nothing; a new group of its name is another one."""
        old = circle.group
        _is(204, await self.world.say(self._root, "DELETE", f"/api/groups/{old.id}"))
        circle.members.clear()
        named = {"name": old.name, "organisation_id": old.organisation_id}
        made = await self.world.say(self._root, "POST", "/api/groups", "people", json=named)
        _is(201, made)
        circle.group = replace(old, id=made.json()["id"])

    async def disable_or_enable(self, person: Person) -> None:
        if person.is_administrator:
            return
        changed = {"is_disabled": not person.is_disabled}
        path = f"/api/users/{person.user_id}"
        _is(200, await self.world.say(self._root, "PATCH", path, "people", json=changed))
        person.is_disabled = not person.is_disabled
        if not person.is_disabled:
            await self.world.sign_in(person)

    async def set_folder(self, person: Person, place: Place, with_whom: Collection[str]) -> None:
        """Who reads what is new there, besides its owner."""
        name, _, organisation = self._place(person, 0, place)
        if person.is_disabled:
            return
        paper = Paper(name=name, owner=person, organisation=organisation, readers=set())
        entries = {name: entry for each in with_whom for name, entry in self._entries(each, paper)}
        if not entries:
            return
        path = f"/api/folders/{documents.display_name(name).rpartition('/')[0]}"
        _is(200, await self.world.say(person, "PUT", path, "people", json={"readers": sorted(entries)}))
        self.truth.folders[name.rpartition("/")[0]] = set(entries.values())

    async def change_indexes(self) -> None:
        """Build another one, or make the one that was built live, or go back."""
        await self.ingest()
        services = await self.world.services()
        await work_off(services)  # what an index does not hold yet it would show older
        states = {each.state: each.name for each in await services.shelf.filled()}
        if "building" in states:
            path = f"/api/indexes/{states['building']}/promote?force=true"
        elif "standby" in states:
            path = "/api/indexes/rollback"
        else:
            path = "/api/indexes"
        response = await self.world.say(self._root, "POST", path)
        assert response.status_code in (200, 202), response.text
        await work_off(services)

    async def restart(self, *, flush: bool) -> None:
        """Close everything and open it again on the same data; the cache may be lost."""
        await self.world.runtime.close()
        if flush:
            for file in self.world.folder.glob("cache.db*"):
                file.unlink()
        await self.world.services()

    async def _put(self, owner: Person, name: str, first: str, organisation: str | None, text: str) -> None:
        home = owner if documents.owner_of(name) else None
        self.truth.issued |= canaries_in(name)
        told = self.truth.folders.get(name.rpartition("/")[0], {first})
        readers = told | ({first} if home else set())
        paper = self.truth.papers.setdefault(
            name, Paper(name=name, owner=home, organisation=organisation, readers=readers)
        )
        paper.text = text
        self.truth.ids[paper.id] = owner.name
        self.truth.named.append(name)
        self.truth.said.setdefault(paper.id, set()).update(canaries_in(f"{name} {text}"))
        if name not in self.truth.waiting:
            self.truth.waiting.append(name)
        path = f"/api/documents/{documents.display_name(name)}"
        _is(202, await self.world.say(owner, "PUT", path, "documents", content=text.encode()))

    def _place(self, owner: Person, slot: int, place: Place) -> tuple[str, str, str | None]:
        """The blob's name, its first reader, and whom `everyone` means. Own, if they keep no other."""
        number = 10_000 + owner.number * 100 + slot
        if place == "shared" and owner.is_administrator:
            return f"shared/{canary('n', number + 20)}.txt", EVERYONE, None
        home = owner.organisation
        if place == "organisation" and owner.manages:
            word = canary("n", number + 40)
            return f"organisations/{home}/{word}.txt", organisation_reader(home), home
        return f"users/{owner.user_id}/notes/{canary('n', number)}.txt", user_reader(owner.user_id), home

    def _text(self, tale: int) -> str:
        title, said, heading, cell, last = (self.truth.new_canary(place) for place in "tchkp")
        return (
            f"{title}\n{_TALES[tale]} {said}\n\n# Care {heading}\n\n{_TALES[tale - 1]} and so on.\n\n"
            f"| part | word |\n| --- | --- |\n| oil of pumps | {cell} |\n\f{_TALES[tale]} {last}"
        )

    def _entries(self, whom: str, paper: Paper) -> Iterator[tuple[str, str]]:
        """What sharing calls them and what it comes to; nothing for what is of another organisation."""
        home = paper.organisation
        if whom == EVERYONE:
            yield EVERYONE, EVERYONE if home is None else organisation_reader(home)
        for person in self.truth.people:
            if person.name == whom and home in (None, person.organisation):
                yield person.email, user_reader(person.user_id)
        for circle in self.truth.circles:
            if circle.group.id == whom and home in (None, circle.group.organisation_id):
                called = circle.group.id if home is None else circle.group.name
                yield group_reader(called), group_reader(circle.group.id)

    @property
    def _root(self) -> Person:
        return self.truth.people[0]

    def _runner(self, paper: Paper) -> Person:
        return next(each for each in self.truth.people if paper.is_run_by(each))


def _is(status: int, response: httpx.Response) -> None:
    assert response.status_code == status, (
        f"{response.request.method} {response.request.url}: {response.text}"
    )
