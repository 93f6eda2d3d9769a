"""Works out Bicep expressions: `Evaluator(file, params).value(expression)`. Called by deployment.py.

What only Azure knows becomes a `Ref` that says where it comes from; what is not deployed an `Unknown`, which
nothing may ask for anything.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any
from urllib.parse import quote

import yaml

from tests.infra.bicep import tree
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.tree import Value
from tests.planted import planted

SECRET = planted("mongodb-password/?#")
GROUP = {"id": "/subscriptions/s/resourceGroups/rag", "name": "rag", "location": "swedencentral"}
UNIQUE = "u2niq3ue4str5"  # as long as those of Azure, and as they may begin


class Ref(str):
    """`<type>:<name>` and what is asked of it."""

    __slots__ = ()

    def member(self, name: str) -> "Ref":
        if name == "name" and "." not in self.rpartition("/")[2]:
            return Ref(self.partition(":")[2].rpartition("/")[2])
        return Ref(f"{self}.{name}")


class Unknown(str):
    """Names what is not deployed."""

    __slots__ = ()


class Evaluator:
    def __init__(
        self,
        file: BicepFile,
        params: Mapping[str, Any],
        *,
        symbols: Callable[[str], Any] | None = None,
        entries: Mapping[str, str] | None = None,
        bound: Mapping[str, Any] | None = None,
    ) -> None:
        self._file, self._params, self._symbols = file, params, symbols
        self._entries, self._bound = entries or {}, bound or {}

    def looped(self, variables: tuple[str, ...], over: Value) -> Iterator["Evaluator"]:
        for number, item in enumerate(self.value(over)):
            bound = dict(self._bound) | dict(zip(variables, (item, number), strict=False))
            yield Evaluator(
                self._file, self._params, symbols=self._symbols, entries=self._entries, bound=bound
            )

    def value(self, asked: Value | None) -> Any:
        if asked is None:
            return None
        return getattr(self, f"_{type(asked).__name__.lower()}")(asked)

    def _literal(self, asked: tree.Literal) -> Any:
        return asked.value

    def _text(self, asked: tree.Text) -> str:
        parts = [part if isinstance(part, str) else self.value(part) for part in asked.parts]
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Ref) else "".join(map(_spelled, parts))

    def _object(self, asked: tree.Object) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for entry in asked.entries:
            value = self.value(entry.value)
            made |= value if entry.key is None else {str(self.value(entry.key)): value}
        return made

    def _array(self, asked: tree.Array) -> list[Any]:
        return [self.value(each) for each in asked.items]

    def _loop(self, asked: tree.Loop) -> list[Any]:
        return [inside.value(asked.body) for inside in self.looped(asked.variables, asked.over)]

    def _name(self, asked: tree.Name) -> Any:
        name = asked.name
        if name in self._bound:
            return self._bound[name]
        if name in self._file.params:
            given = self._params.get(name)
            return given if name in self._params else self.value(self._file.params[name].default)
        if name in self._file.variables:
            return self.value(self._file.variables[name].value)
        assert self._symbols is not None, f"{self._file.path.name}:{asked.line}: {name}"
        return self._symbols(name)

    def _member(self, asked: tree.Member) -> Any:
        return self._part(self.value(asked.of), asked.name, asked.line)

    def _index(self, asked: tree.Index) -> Any:
        return self._part(self.value(asked.of), self.value(asked.key), asked.line)

    def _part(self, of: Any, key: Any, line: int) -> Any:
        assert not isinstance(of, Unknown), f"{self._file.path.name}:{line}: {of}"
        return of.member(key) if isinstance(of, Ref) else of[key]

    def _choice(self, asked: tree.Choice) -> Any:
        return self.value(asked.then if self.value(asked.condition) else asked.otherwise)

    def _operation(self, asked: tree.Operation) -> Any:
        first, *rest = asked.operands
        left = self.value(first)
        if asked.operator == "!":
            return not left
        if asked.operator in ("&&", "||"):
            return bool(self.value(rest[0])) if left is (asked.operator == "&&") else left
        return OPERATORS[asked.operator](left, self.value(rest[0]))

    def _call(self, asked: tree.Call) -> Any:
        arguments = [self.value(each) for each in asked.arguments]
        if asked.function == "readEnvironmentVariable":
            return self._entries.get(arguments[0], *arguments[1:])
        if asked.function.startswith("load"):
            return LOADERS[asked.function]((self._file.path.parent / arguments[0]).read_text())
        return FUNCTIONS[asked.function](*arguments)


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _union(*values: Any) -> Any:
    """Of objects, the later one wins; what is in both of two arrays is there once."""
    if isinstance(values[0], dict):
        return reduce(lambda left, right: left | right, values)
    return list(dict.fromkeys(item for value in values for item in value))


def _uri(text: str) -> str:
    return quote(text, safe="")


LOADERS: dict[str, Callable[[str], Any]] = {
    "loadJsonContent": json.loads,
    "loadYamlContent": yaml.safe_load,
    "loadTextContent": str,
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "*": lambda left, right: left * right,
    "+": lambda left, right: left + right,
    ">": lambda left, right: left > right,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "any": lambda value: value,
    "concat": lambda *values: [item for value in values for item in value],
    "contains": lambda value, key: key in value,
    "empty": lambda value: not value,
    "environment": lambda: {"suffixes": {"storage": "core.windows.net"}},
    "format": lambda text, *values: text.format(*values),
    "guid": lambda *values: "guid(" + ",".join(map(str, values)) + ")",
    "items": lambda value: [{"key": key, "value": each} for key, each in sorted(value.items())],
    "replace": lambda text, old, new: Ref(text.replace(old, new)) if old in text else Ref(f"{text}+{new}"),
    "resourceGroup": lambda: GROUP,
    "split": lambda text, between: text.split(between),
    "string": _spelled,
    "subscription": lambda: {"tenantId": "tenant", "subscriptionId": "s"},
    "subscriptionResourceId": lambda kind, name: f"{kind}/{name}",
    "toUpper": str.upper,
    "union": _union,
    "uniqueString": lambda *_: UNIQUE,
    "uriComponent": _uri,
}
