"""Checks what is read: of resources, of modules, and of objects whose properties are all known."""

from collections.abc import Iterator

from tests.infra.bicep import tree
from tests.infra.bicep.azure_types import AzureType
from tests.infra.bicep.faults import Fault, hint
from tests.infra.bicep.inference import items_of, known
from tests.infra.bicep.scope import ANY, Known, Scope, plain, shape_of, step_into, steps_of
from tests.infra.bicep.tree import Index, Member, Resource, Value


def check_reading(scope: Scope) -> Iterator[Fault]:
    chains: dict[tuple[str, ...], Value] = {}
    for value in tree.walk(scope.file.declarations):
        if isinstance(value, tree.Member | tree.Index):
            symbol, steps = steps_of(value)
            chains.setdefault((symbol, *steps), value)
    for (symbol, *steps), value in chains.items():
        resource, module = scope.file.resources.get(symbol), scope.file.modules.get(symbol)
        wrong = None
        if resource is not None:
            wrong = _of_resource(resource, steps, scope)
        elif module is not None:
            wrong = _of_module(module, steps, scope)
        if wrong is not None:
            yield _fault(scope, value, f"{symbol}.{'.'.join(steps)}: {wrong}")
    for each in (*scope.file.declarations, *scope.file.assigned):
        yield from _of_objects(each, scope)


def _fault(scope: Scope, value: Value, text: str) -> Fault:
    return Fault(path=scope.file.path, line=value.line, kind="reading", text=text)


def _of_resource(resource: Resource, steps: list[str], scope: Scope) -> str | None:
    if resource.loop is not None and steps[0] != "[]":
        return "a list of resources: which one's?"
    steps = steps[1:] if resource.loop is not None else steps
    found = scope.index.find(resource.type, resource.version) if scope.index else None
    return _first_wrong(found.body, steps) if found else None


def _first_wrong(body: AzureType, steps: list[str]) -> str | None:
    at = body
    for step in steps:
        if at.kind == "Object" and step in at.properties and at.properties[step].write_only:
            return f"{step} can be written, not read"
        inside = step_into(at, step)
        if inside is None:
            known_of = at.kind == "Object" and step != "[]"
            return f"there is no {step}{hint(step, at.properties)}" if known_of else None
        at = inside
    return None


def _of_module(module: tree.Module, steps: list[str], scope: Scope) -> str | None:
    file = scope.module_file(module)
    if module.loop is not None and steps[0] != "[]":
        return "a list of modules: which one's?"
    steps = steps[1:] if module.loop is not None else steps
    if steps and steps[0] not in {"outputs", "name"}:
        return f"a module has no {steps[0]}, only name and outputs"
    if file is None or len(steps) < 2 or steps[1] in file.outputs:
        return None
    return f"{module.path} has no output {steps[1]}{hint(steps[1], file.outputs)}"


def _of_objects(value: Value, scope: Scope) -> Iterator[Fault]:
    """With the variables of loops bound, down to every `of.name` and `of['name']`."""
    if isinstance(value, Member | Index) and not value.safe:
        key = value.name if isinstance(value, Member) else plain(value.key)
        if key is not None:
            yield from _of_object(value, key, scope)
    inside = scope
    if isinstance(value, tree.Deployed) and value.loop is not None:
        yield from _of_objects(value.loop.over, scope)
        inside = scope.binding(value.loop.variables, tuple(items_of(value.loop.over, scope)))
    elif isinstance(value, tree.Loop):
        yield from _of_objects(value.over, scope)
        inside = scope.binding(value.variables, tuple(items_of(value.over, scope)))
        yield from _of_objects(value.body, inside)
        return
    elif isinstance(value, tree.Lambda):
        inside = scope.binding(value.variables, (Known(value=ANY, scope=scope),))
    for each in tree.inside_of(value):
        yield from _of_objects(each, inside)


def _of_object(value: Member | Index, key: str, scope: Scope) -> Iterator[Fault]:
    possible = [each.value for each in known(value.of, scope)]
    if any(not isinstance(each, tree.Object) and shape_of(each) in {"any", "object"} for each in possible):
        return
    objects = [each for each in possible if isinstance(each, tree.Object)]
    names = {entry.name for each in objects for entry in each.entries}
    if objects and None not in names and key not in names:
        yield _fault(scope, value, f"there is no {key}{hint(key, filter(None, names))}")
