"""Checks resources: type, version, place, body and what is read of them. See `check_resources`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep import azure_types, tree
from tests.infra.bicep.azure_types import ResourceType, TypeIndex
from tests.infra.bicep.checker import Place, check, check_object
from tests.infra.bicep.faults import Fault, hint
from tests.infra.bicep.inference import items_of
from tests.infra.bicep.scope import Scope
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.tree import Literal, Resource, Value

OUTSIDE = ("parent", "scope", "dependsOn")  # Bicep's own, not Azure's
TARGETS = {
    "resourceGroup": azure_types.Scope.RESOURCE_GROUP,
    "subscription": azure_types.Scope.SUBSCRIPTION,
    "managementGroup": azure_types.Scope.MANAGEMENT_GROUP,
    "tenant": azure_types.Scope.TENANT,
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    faults: tuple[Fault, ...]
    unchecked: frozenset[
        str
    ]  # Type@version of resources whose type is not stored: nobody looked at their bodies


def check_resources(files: tuple[BicepFile, ...], index: TypeIndex) -> Checked:
    by_path = {file.path.resolve(): file for file in files}
    faults: list[Fault] = []
    unchecked: set[str] = set()
    for file in files:
        scope = Scope(file=file, files=by_path, index=index)
        for resource in file.resources.values():
            found = index.find(resource.type, resource.version)
            versions = [] if found else index.versions(resource.type)
            faults += _check_place(resource, scope)
            if found:
                faults += _check_found(resource, found, scope)
            elif versions:
                text = f"{resource.type} has no version {resource.version}{hint(resource.version, versions)}"
                faults.append(_fault(resource, file.path, "version", text))
            else:
                unchecked.add(f"{resource.type}@{resource.version}")
    return Checked(faults=tuple(sorted(set(faults))), unchecked=frozenset(unchecked))


def _fault(resource: Resource, path: Path, kind: str, text: str) -> Fault:
    return Fault(path=path, line=resource.line, kind=kind, text=f"{resource.name}: {text}")


def _check_place(resource: Resource, scope: Scope) -> Iterator[Fault]:
    """Its parent is of the parent's type; without one, its name has the parents' names before it."""
    path, name = scope.file.path, resource.body.get("name")
    segments = resource.type.split("/")[1:]
    if not segments:
        yield _fault(resource, path, "version", f"{resource.type} is no resource type")
        return
    if name is None:
        yield _fault(resource, path, "missing", "has no name")
        return
    parent = scope.file.resources.get(resource.parent or "")
    upper = resource.type.rsplit("/", 1)[0]
    if parent is not None and parent.type.lower() != upper.lower():
        yield _fault(resource, path, "nesting", f"belongs into {upper}, not into {parent.type}")
    if resource.body.get("parent") is not None and parent is None:
        yield _fault(resource, path, "nesting", "its parent is no resource of this file")
    slashes = _slashes(name)
    wanted = 0 if resource.parent else len(segments) - 1
    if slashes is not None and slashes != wanted:
        yield _fault(resource, path, "nesting", f"its name has {slashes} slashes, without a parent {wanted}")
    if resource.loop is not None and not _depends(resource, set(resource.loop.variables)):
        yield _fault(resource, path, "loop", "every one of the loop has the same name")


def _slashes(name: Value) -> int | None:
    if isinstance(name, tree.Text):
        return sum(part.count("/") for part in name.parts if isinstance(part, str))
    return str(name.value).count("/") if isinstance(name, Literal) else None


def _depends(resource: Resource, variables: set[str]) -> bool:
    where = [resource.body.get(each) for each in ("name", "parent", "scope")]
    given = tuple(value for value in where if value is not None)
    names = {each.name for each in tree.walk(given) if isinstance(each, tree.Name)}
    return bool(names & variables)


def _check_found(resource: Resource, found: ResourceType, scope: Scope) -> Iterator[Fault]:
    if not resource.existing:
        yield from _check_target(resource, found, scope)
    inside = scope
    if resource.loop is not None:
        inside = scope.binding(resource.loop.variables, tuple(items_of(resource.loop.over, scope)))
    own = tuple(entry for entry in resource.body.entries if entry.name not in OUTSIDE)
    body = tree.Object(entries=tuple(map(_last_segment, own)), line=resource.line)
    place = Place(line=resource.line)
    if resource.existing:
        names = {name: each for name, each in found.body.properties.items() if name == "name"}
        yield from check_object(body, inside, names, None, place)
    else:
        yield from check(body, inside, found.body, place)


def _last_segment(entry: tree.Entry) -> tree.Entry:
    """A name with its parents' names before it: Azure's types describe the last one."""
    if entry.name == "name" and isinstance(entry.value, Literal) and isinstance(entry.value.value, str):
        last = entry.value.value.rsplit("/", 1)[-1]
        return tree.Entry(key=entry.key, value=Literal(value=last, line=entry.line), line=entry.line)
    return entry


def _check_target(resource: Resource, found: ResourceType, scope: Scope) -> Iterator[Fault]:
    """That it can be written at all, and there."""
    path, given = scope.file.path, resource.body.get("scope")
    if not found.writable:
        yield _fault(resource, path, "read-only", f"{found.name} can be read, not deployed: existing")
    elif given is None:
        if (
            not found.writable & TARGETS.get(scope.file.target_scope, found.writable)
            and resource.parent is None
        ):
            where = found.writable.name
            yield _fault(
                resource,
                path,
                "scope",
                f"{found.name} is not deployed to a {scope.file.target_scope}: {where}",
            )
    elif isinstance(given, tree.Call):
        yield _fault(resource, path, "scope", "only a module can be deployed to another scope")
    elif not found.writable & azure_types.Scope.EXTENSION:
        yield _fault(resource, path, "scope", f"{found.name} cannot be put on another resource")
