"""Who may see which canary, worked out from what people did alone, never from what the product says."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from shared.domain import (
    DEFAULT_ORGANISATION,
    EVERYONE,
    Group,
    group_reader,
    organisation_reader,
    user_reader,
)
from shared.ingest import documents
from tests.isolation.canaries import canaries_in, canary

# What a response is of: passages and answers, documents as their readers and owners manage them, turns that
# were told before, accounts and groups.
Kind = Literal["answers", "documents", "history", "people"]
Place = Literal["own", "shared", "organisation"]

NORTH, SOUTH = "a" * 32, "b" * 32
ORGANISATIONS = (DEFAULT_ORGANISATION, NORTH, SOUTH)


class Leak(AssertionError):
    """Somebody was told what they may not know."""


@dataclass(kw_only=True)
class Person:
    number: int
    name: str
    organisation: str
    is_administrator: bool = False
    manages: bool = False
    is_disabled: bool = False
    sessions: int = 0  # that they have begun
    typed: set[str] = field(default_factory=set)  # canaries of their own questions
    machines: dict[str, str] = field(default_factory=dict)  # personal access tokens, by their scope
    told: set[str] = field(default_factory=set)  # what answers told them when they might be told
    conversations: list[str] = field(default_factory=list)

    @property
    def user_id(self) -> str:
        return f"{self.number + 1:032x}"

    @property
    def email(self) -> str:
        return f"{canary('e', self.number)}@example.org"


@dataclass(kw_only=True)
class Circle:
    """A group of the product, with who is in it."""

    group: Group
    members: set[str]  # names of people


@dataclass(kw_only=True)
class Paper:
    """One document, from its first upload to its deletion."""

    name: str  # of the blob
    owner: Person | None
    organisation: str | None  # whose people `everyone` is; None under shared/
    readers: set[str]
    text: str = ""  # as uploaded last
    live_text: str = ""  # that answers come from
    ever: set[str] = field(default_factory=set)  # canaries of all versions that answers came from
    tags: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        return documents.document_id(self.name)

    @property
    def path(self) -> str:
        return documents.display_name(self.name)

    def is_run_by(self, person: Person) -> bool:
        if self.owner is not None:
            return self.owner.name == person.name
        is_managed = person.manages and person.organisation == self.organisation
        return is_managed or person.is_administrator


@dataclass(kw_only=True)
class Truth:
    people: list[Person]
    circles: list[Circle]
    papers: dict[str, Paper] = field(default_factory=dict)  # by name of the blob
    folders: dict[str, set[str]] = field(default_factory=dict)  # who reads what is new there
    ids: dict[str, str] = field(default_factory=dict)  # of all documents that there ever were: who runs them
    named: list[str] = field(default_factory=list)  # blobs that there ever were
    said: dict[str, set[str]] = field(
        default_factory=dict
    )  # canaries that were ever in a document, by its id
    waiting: list[str] = field(default_factory=list)  # names of blobs, to be ingested
    issued: set[str] = field(default_factory=set)  # canaries
    _number: int = 0  # of the last canary

    def new_canary(self, place: str) -> str:
        self._number += 1
        word = canary(place, self._number)
        self.issued.add(word)
        return word

    def readers_of(self, person: Person) -> set[str]:
        """Every entry of a document's readers that lets this person in."""
        own = {EVERYONE, user_reader(person.user_id), organisation_reader(person.organisation)}
        return own | {
            group_reader(circle.group.id) for circle in self.circles if person.name in circle.members
        }

    def opens(self, paper: Paper, person: Person) -> bool:
        return not paper.readers.isdisjoint(self.readers_of(person))

    def readable_by(self, person: Person) -> list[Paper]:
        return [paper for paper in self.papers.values() if self.opens(paper, person)]

    def allowed(self, person: Person, kinds: Collection[Kind]) -> set[str]:
        """The canaries that a response of these kinds may tell the person now."""
        if person.is_disabled:
            return set()
        seen = set(person.typed)
        for paper in self.papers.values():
            is_open = self.opens(paper, person)
            name, live = canaries_in(paper.name), canaries_in(paper.live_text)
            if is_open:
                seen |= name | live
            if "documents" in kinds and (is_open or paper.is_run_by(person)):
                seen |= name | live | canaries_in(paper.text) | paper.tags
            if "history" in kinds and is_open:  # what they were told they keep while they may read it
                seen |= paper.ever & person.told
        return seen | (self._of_people(person) if "people" in kinds else set())

    def _of_people(self, person: Person) -> set[str]:
        """Addresses and groups of their own organisation; an administrator's are all."""
        known = [each for each in self.people if self._knows(person, each.organisation)]
        circles = [each for each in self.circles if self._knows(person, each.group.organisation_id)]
        return canaries_in(" ".join([each.email for each in known] + [each.group.name for each in circles]))

    def _knows(self, person: Person, organisation: str) -> bool:
        return person.is_administrator or person.organisation == organisation


def people_and_circles() -> Truth:
    """Eight people of three organisations, whose groups overlap."""
    people = [
        Person(number=0, name="root", organisation=DEFAULT_ORGANISATION, is_administrator=True),
        Person(number=1, name="ada", organisation=DEFAULT_ORGANISATION),
        Person(number=2, name="ben", organisation=DEFAULT_ORGANISATION),
        Person(number=3, name="cat", organisation=NORTH, manages=True),
        Person(number=4, name="dan", organisation=NORTH),
        Person(number=5, name="eva", organisation=NORTH),
        Person(number=6, name="fay", organisation=SOUTH, manages=True),
        Person(number=7, name="gus", organisation=SOUTH),
    ]
    members = [
        (DEFAULT_ORGANISATION, {"ada", "ben"}),
        (DEFAULT_ORGANISATION, {"ben", "root"}),
        (NORTH, {"cat", "dan"}),
        (NORTH, {"dan", "eva"}),
        (SOUTH, {"fay", "gus"}),
    ]
    circles = [
        Circle(group=group(number, organisation), members=names)
        for number, (organisation, names) in enumerate(members)
    ]
    truth = Truth(people=people, circles=circles)
    truth.issued |= canaries_in(" ".join([each.email for each in people]))
    truth.issued |= canaries_in(" ".join([each.group.name for each in circles]))
    return truth


def group(number: int, organisation: str) -> Group:
    return Group(
        id=f"{number:032x}", organisation_id=organisation, name=f"{canary('u', number)} crew", created_at=1e9
    )
