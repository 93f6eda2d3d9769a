"""Where an expression stands, and what a chain of names such as `account.properties.x` leads to.

Used by inference.py, and by the checkers for what is read of resources and modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.infra.bicep import tree
from tests.infra.bicep.azure_types import AzureType, TypeIndex
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.tree import Kind, Literal, Value

ANY, STRING, INT, BOOL = Kind(name="any"), Kind(name="string"), Kind(name="int"), Kind(name="bool")
PLAIN = {"String": STRING, "Integer": INT, "Boolean": BOOL, "Object": Kind(name="object")}
KINDS = frozenset({"string", "int", "bool", "object", "array", "any"})
LITERALS = {str: "string", bool: "bool", int: "int", type(None): "null"}


@dataclass(frozen=True, kw_only=True)
class Scope:
    file: BicepFile
    files: Mapping[Path, BicepFile]
    index: TypeIndex | None = None
    bound: Mapping[str, tuple["Known", ...]] | None = None  # the variables of loops and lambdas
    spelled: bool = False  # names are spelled out as deployed: defaults hold, uniqueString() is a sample
    depth: int = 0

    def deeper(self) -> "Scope":
        return replace(self, depth=self.depth + 1)

    def binding(self, names: tuple[str, ...], values: tuple["Known", ...]) -> "Scope":
        """Inside of a loop or lambda: its first variable is one of the values, the second a number."""
        found = dict(self.bound or {})
        count = Literal(value=0) if self.spelled else INT
        found.update(zip(names, (values, (Known(value=count, scope=self),)), strict=False))
        return replace(self, bound=found)

    def module_file(self, module: tree.Module) -> BicepFile | None:
        return self.files.get((self.file.path.parent / module.path).resolve())


@dataclass(frozen=True, kw_only=True)
class Known:
    value: Value
    scope: Scope


def plain(value: Value) -> str | None:
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def steps_of(value: Value) -> tuple[str, list[str]]:
    """The symbol and the properties of `symbol.a.b[0].c`; an index is `[]`."""
    if isinstance(value, tree.Name):
        return value.name, []
    if isinstance(value, tree.Member | tree.Index):
        symbol, steps = steps_of(value.of)
        key = value.name if isinstance(value, tree.Member) else plain(value.key)
        return symbol, [*steps, key or "[]"]
    return "", []


def module_output(value: Value, scope: Scope) -> tuple[BicepFile, tree.Output] | None:
    symbol, steps = steps_of(value)
    module = scope.file.modules.get(symbol)
    file = scope.module_file(module) if module else None
    steps = [step for step in steps if step != "[]"]
    if file is None or len(steps) != 2 or steps[0] != "outputs" or steps[1] not in file.outputs:
        return None
    return file, file.outputs[steps[1]]


def resource_type_at(value: Value, scope: Scope) -> AzureType | None:
    """The type of what is read of a resource; None where that is not known."""
    symbol, steps = steps_of(value)
    resource = scope.file.resources.get(symbol)
    if resource is None or scope.index is None:
        return None
    steps = steps[1:] if resource.loop and steps[:1] == ["[]"] else steps
    found = scope.index.find(resource.type, resource.version)
    at = found.body if found else None
    for step in steps:
        at = step_into(at, step) if at else None
    return at


def step_into(at: AzureType, step: str) -> AzureType | None:
    if step == "[]":
        return at.item if at.kind == "Array" else at.others
    if at.kind in {"Object", "DiscriminatedObject"} and step in at.properties:
        return at.properties[step].type
    return at.others if at.kind == "Object" else None


def as_value(typed: AzureType) -> Value:
    if typed.kind == "Array":
        return tree.ListOf(item=as_value(typed.item))
    if typed.kind == "StringLiteral":
        return Literal(value=typed.node["value"])
    if typed.kind == "Union":
        return STRING
    return PLAIN.get(typed.kind, ANY)


def shape_of(value: Value) -> str:
    """string, int, bool, array, object, null; any where it is not known."""
    if isinstance(value, Literal):
        return LITERALS[type(value.value)]
    if isinstance(value, Kind):
        return value.name if value.name in KINDS else "any"
    if isinstance(value, tree.Array | tree.ListOf):
        return "array"
    return "object" if isinstance(value, tree.Object) else "any"
