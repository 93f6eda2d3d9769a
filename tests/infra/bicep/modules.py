"""Checks what files give each other: parameters and outputs of modules, parameter files."""

from collections import Counter
from collections.abc import Iterator

from tests.infra.bicep import tree
from tests.infra.bicep.declared import misfits
from tests.infra.bicep.faults import Fault, hint
from tests.infra.bicep.inference import items_of
from tests.infra.bicep.scope import Scope
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.tree import Module, Value

OWN = ("name", "params", "scope", "dependsOn", "identity", "extensionConfigs")
SCOPES = ("resourceGroup", "subscription", "managementGroup", "tenant")


def check_modules(scope: Scope) -> Iterator[Fault]:
    for module in scope.file.modules.values():
        file = scope.module_file(module)
        if file is None:
            yield _fault(scope, module.line, "module", f"{module.name}: there is no {module.path}")
            continue
        yield from _own_properties(module, scope)
        yield from _params(module, file, scope)
        yield from _target(module, file, scope)


def check_assignments(scope: Scope) -> Iterator[Fault]:
    """A parameter file gives its template every parameter that has no default, and no others."""
    file = scope.file
    template = scope.files.get((file.path.parent / (file.using or "")).resolve())
    if template is None:
        yield _fault(scope, 1, "module", f"there is no {file.using}")
        return
    counts = Counter(each.name for each in file.assigned)
    yield from _given(
        {each.name: each.value for each in file.assigned}, template, scope, scope, 1, template.path.name
    )
    for each in file.assigned:
        if counts[each.name] > 1:
            yield _fault(scope, each.line, "duplicate", f"{each.name} is assigned twice")


def _fault(scope: Scope, line: int, kind: str, text: str) -> Fault:
    return Fault(path=scope.file.path, line=line, kind=kind, text=text)


def _own_properties(module: Module, scope: Scope) -> Iterator[Fault]:
    for entry in module.body.entries:
        if entry.name is not None and entry.name not in OWN:
            text = f"{module.name}: a module has no {entry.name}{hint(entry.name, OWN)}"
            yield _fault(scope, entry.line, "unknown", text)


def _params(module: Module, file: BicepFile, scope: Scope) -> Iterator[Fault]:
    inside = scope
    if module.loop is not None:
        inside = scope.binding(module.loop.variables, tuple(items_of(module.loop.over, scope)))
    given = {entry.name: entry.value for entry in module.params.entries if entry.name is not None}
    if any(entry.key is None for entry in module.params.entries):
        return
    yield from _given(given, file, inside, scope, module.line, module.name)
    for name, value in given.items():
        param = file.params.get(name)
        if param is not None and param.decorated("secure") is None and _is_secure(value, scope):
            yield _fault(
                scope,
                value.line,
                "secure",
                f"{module.name}: a secret is given to {name}, which is not @secure",
            )


def _given(
    given: dict[str, Value], file: BicepFile, scope: Scope, at: Scope, line: int, name: str
) -> Iterator[Fault]:
    for each, param in file.params.items():
        if each not in given and param.default is None and not isinstance(param.type, tree.Maybe):
            yield _fault(at, line, "missing", f"{name}: parameter {each} is not given")
    inside = Scope(file=file, files=scope.files, index=scope.index)
    for each, value in given.items():
        if each not in file.params:
            yield _fault(
                at, value.line, "unknown", f"{name}: there is no parameter {each}{hint(each, file.params)}"
            )
            continue
        for text in misfits(value, scope, file.params[each], inside):
            yield _fault(at, value.line, "wrong-type", f"{name}: {text}")


def _is_secure(value: Value, scope: Scope) -> bool:
    names = {each.name for each in tree.walk(value) if isinstance(each, tree.Name)}
    return any(scope.file.params[name].decorated("secure") for name in names if name in scope.file.params)


def _target(module: Module, file: BicepFile, scope: Scope) -> Iterator[Fault]:
    """A module is deployed to the kind of scope that it is written for."""
    given = module.body.get("scope")
    kind = scope.file.target_scope
    if isinstance(given, tree.Call) and given.function in SCOPES:
        kind = given.function
    elif isinstance(given, tree.Name) and given.name in scope.file.resources:
        kind = scope.file.resources[given.name].type.split("/")[-1].removesuffix("s")
        kind = {"resourcegroup": "resourceGroup"}.get(kind.lower(), kind)
    elif given is not None:
        return
    if kind != file.target_scope:
        text = f"{module.name} is deployed to a {kind}, and written for a {file.target_scope}"
        yield _fault(scope, module.line, "scope", text)
