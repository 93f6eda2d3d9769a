"""Checks values against Azure's types: `check(value, scope, typed, place)` gives the faults.

Where an expression may have several values, each is checked; where nothing is known of it, nothing is said.
Called by resources.py with the body of each resource.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tests.infra.bicep import tree
from tests.infra.bicep.azure_types import AzureType, Property
from tests.infra.bicep.faults import Fault, hint
from tests.infra.bicep.inference import known
from tests.infra.bicep.scope import Known, Scope, shape_of
from tests.infra.bicep.tree import Literal, Value

EXPECTED = {"String": "string", "StringLiteral": "string", "Union": "string", "Integer": "int"}
EXPECTED |= {"Boolean": "bool", "Array": "array", "Object": "object", "DiscriminatedObject": "object"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value stands: the line that is reported, and the properties that lead to it."""

    line: int
    path: str = ""
    partial: bool = False  # a part of an object, which needs not have what the whole has to have

    def at(self, name: str, line: int) -> "Place":
        return Place(line=line or self.line, path=f"{self.path}.{name}".lstrip("."))

    def fault(self, scope: Scope, kind: str, text: str) -> Fault:
        return Fault(path=scope.file.path, line=self.line, kind=kind, text=f"{self.path or 'it'} {text}")


def check(value: Value, scope: Scope, typed: AzureType, place: Place) -> Iterator[Fault]:
    for found in known(value, scope):
        yield from _check_one(found, scope, typed, place)


def _check_one(found: Known, scope: Scope, typed: AzureType, place: Place) -> Iterator[Fault]:
    shape = shape_of(found.value)
    if shape in {"any", "null"} or typed.kind == "Any":
        return
    if shape != EXPECTED[typed.kind]:
        yield place.fault(scope, "wrong-type", f"takes {EXPECTED[typed.kind]}, not {shape}")
    elif typed.kind in {"Union", "StringLiteral"}:
        yield from _check_word(found.value, scope, typed, place)
    elif typed.kind in {"String", "Integer"}:
        yield from _check_limits(found.value, scope, typed, place)
    elif typed.kind == "Array":
        yield from _check_items(found, typed, place)
    elif isinstance(found.value, tree.Object):
        if typed.kind == "DiscriminatedObject":
            yield from _check_discriminated(found.value, found.scope, typed, place)
        elif typed.kind == "Object":
            yield from check_object(found.value, found.scope, typed.properties, typed.others, place)


def _check_word(value: Value, scope: Scope, typed: AzureType, place: Place) -> Iterator[Fault]:
    """A string out of a list. In open lists Azure takes others too, but one that is not listed is suspect."""
    members = typed.members if typed.kind == "Union" else (typed,)
    words = [str(each.node["value"]) for each in members if each.kind == "StringLiteral"]
    opened = any(each.kind == "String" for each in members)
    if isinstance(value, Literal) and value.value not in words:
        kind, text = ("open-enum", "is not known to be") if opened else ("enum", "cannot be")
        yield place.fault(scope, kind, f"{text} '{value.value}'{hint(str(value.value), words)}")


def _check_limits(value: Value, scope: Scope, typed: AzureType, place: Place) -> Iterator[Fault]:
    if not isinstance(value, Literal) or value.value is None:
        return
    given = value.value
    low, high = typed.limit("minValue"), typed.limit("maxValue")
    size = given
    if isinstance(given, str):
        low, high, size = typed.limit("minLength"), typed.limit("maxLength"), len(given)
        pattern = typed.limit("pattern")
        if pattern is not None and not re.search(pattern, given):
            yield place.fault(scope, "pattern", f"is '{given}', which is not like {pattern}")
    assert isinstance(size, int)
    if (low is not None and size < low) or (high is not None and size > high):
        yield place.fault(scope, "range", f"is {given!r}: {size} is not between {low} and {high}")


def _check_items(found: Known, typed: AzureType, place: Place) -> Iterator[Fault]:
    inside = replace(place, path=f"{place.path}[]", partial=False)
    if isinstance(found.value, tree.ListOf):
        yield from check(found.value.item, found.scope, typed.item, inside)
    elif isinstance(found.value, tree.Array):
        for item in found.value.items:
            yield from check(item, found.scope, typed.item, replace(inside, line=item.line or place.line))
        most = typed.limit("maxLength")
        if most is not None and len(found.value.items) > most:
            yield place.fault(found.scope, "range", f"has {len(found.value.items)} items, at most {most}")


def check_object(
    value: tree.Object,
    scope: Scope,
    properties: Mapping[str, Property],
    others: AzureType | None,
    place: Place,
) -> Iterator[Fault]:
    partial = place.partial
    for entry in value.entries:
        if entry.key is None:
            partial = True
            yield from _check_spread(entry, scope, properties, others, place)
        elif entry.name is None:
            if others is not None:
                yield from check(entry.value, scope, others, place.at("*", entry.line))
        else:
            yield from _check_entry(entry, entry.name, scope, properties, others, place)
    given = {entry.name for entry in value.entries}
    for name, each in properties.items():
        if each.required and name not in given and not partial:
            yield place.fault(scope, "missing", f"has no {name}")


def _check_spread(
    entry: tree.Entry,
    scope: Scope,
    properties: Mapping[str, Property],
    others: AzureType | None,
    place: Place,
) -> Iterator[Fault]:
    for found in known(entry.value, scope):
        if isinstance(found.value, tree.Object):
            part = replace(place, line=entry.line, partial=True)
            yield from check_object(found.value, found.scope, properties, others, part)


def _check_entry(
    entry: tree.Entry,
    name: str,
    scope: Scope,
    properties: Mapping[str, Property],
    others: AzureType | None,
    place: Place,
) -> Iterator[Fault]:
    inside = place.at(name, entry.line)
    found = properties.get(name)
    if found is None and others is None:
        writable = [each for each, property_ in properties.items() if not property_.read_only]
        yield inside.fault(scope, "unknown", f"does not exist{hint(name, writable)}")
    elif found is None:
        assert others is not None
        yield from check(entry.value, scope, others, inside)
    elif found.read_only:
        yield inside.fault(scope, "read-only", "is what Azure says, nothing to set")
    else:
        yield from check(entry.value, scope, found.type, inside)
        if found.required and _may_be_null(entry.value, scope):
            yield inside.fault(scope, "missing", "may be null, but has to be given")


def _may_be_null(value: Value, scope: Scope) -> bool:
    return any(shape_of(found.value) == "null" for found in known(value, scope))


def _check_discriminated(value: tree.Object, scope: Scope, typed: AzureType, place: Place) -> Iterator[Fault]:
    name = typed.discriminator
    given = value.get(name)
    if given is None:
        if not place.partial and all(entry.key for entry in value.entries):
            yield place.fault(scope, "missing", f"has no {name}, which says what else there may be")
        return
    words = [each.value.value for each in known(given, scope) if isinstance(each.value, Literal)]
    for word in words:
        if word not in typed.kinds:
            line = next(entry.line for entry in value.entries if entry.name == name)
            text = f"cannot be '{word}'{hint(str(word), typed.kinds)}"
            yield place.at(name, line).fault(scope, "discriminator", text)
    right = [typed.kinds[word] for word in words if word in typed.kinds and isinstance(word, str)]
    possible: Iterable[AzureType] = right or ([] if words else typed.kinds.values())
    yield from _check_kinds(value, scope, typed, list(possible), place)


def _check_kinds(
    value: tree.Object, scope: Scope, typed: AzureType, kinds: list[AzureType], place: Place
) -> Iterator[Fault]:
    """One kind in full; of several, what all have, and that each property belongs to one of them."""
    if len(kinds) == 1:
        yield from check_object(value, scope, typed.properties | kinds[0].properties, kinds[0].others, place)
        return
    names = set(typed.properties).union(*(kind.properties for kind in kinds))
    for entry in value.entries:
        if entry.name is not None and entry.name not in names and not any(kind.others for kind in kinds):
            text = f"does not exist{hint(entry.name, names)}"
            yield place.at(entry.name, entry.line).fault(scope, "unknown", text)
    common = names.intersection(*(kind.properties for kind in kinds)) - {typed.discriminator}
    part = replace(value, entries=tuple(entry for entry in value.entries if entry.name in common))
    for kind in kinds:
        properties = {name: kind.properties[name] for name in common}
        yield from check_object(part, scope, properties, None, replace(place, partial=True))
