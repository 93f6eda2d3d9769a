"""What a Bicep file says, as frozen values: made by source.py, read by the checkers and tests.

Values stand behind colons and equals signs, declared types behind names. Everything knows its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, kw_only=True)
class Value:
    line: int = 0
    closed: bool = field(default=False, repr=False)  # in parentheses


@dataclass(frozen=True, kw_only=True)
class Literal(Value):
    value: str | int | bool | None


@dataclass(frozen=True, kw_only=True)
class Text(Value):
    parts: tuple[str | Value, ...]  # a string with expressions in it


@dataclass(frozen=True, kw_only=True)
class Entry(Value):
    """One property. Its key is a Literal or Text; None is a spread (`...value`)."""

    key: Value | None
    value: Value

    @property
    def name(self) -> str | None:
        return str(self.key.value) if isinstance(self.key, Literal) else None


@dataclass(frozen=True, kw_only=True)
class Object(Value):
    entries: tuple[Entry, ...]

    def get(self, *path: str) -> Value | None:
        """The value at a path of literal keys."""
        found: Value | None = self
        for name in path:
            if not isinstance(found, Object):
                return None
            found = next((entry.value for entry in found.entries if entry.name == name), None)
        return found


@dataclass(frozen=True, kw_only=True)
class Array(Value):
    items: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Name(Value):
    name: str  # a resource written inside another is `other::name`


@dataclass(frozen=True, kw_only=True)
class Member(Value):
    """`of.name`; `of.?name` is safe."""

    of: Value
    name: str
    safe: bool = False


@dataclass(frozen=True, kw_only=True)
class Index(Value):
    of: Value
    key: Value
    safe: bool = False


@dataclass(frozen=True, kw_only=True)
class Call(Value):
    """Of a function without `az.` or `sys.`, or of a method of `of`."""

    function: str
    arguments: tuple[Value, ...]
    of: Value | None = None


@dataclass(frozen=True, kw_only=True)
class Choice(Value):
    condition: Value
    then: Value
    otherwise: Value


@dataclass(frozen=True, kw_only=True)
class Operation(Value):
    operator: str
    operands: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Lambda(Value):
    variables: tuple[str, ...]
    body: Value


@dataclass(frozen=True, kw_only=True)
class Loop(Value):
    """`[for variables in over: body]`."""

    variables: tuple[str, ...]
    over: Value
    body: Value


@dataclass(frozen=True, kw_only=True)
class When(Value):
    """`if (condition) body`."""

    condition: Value
    body: Value


@dataclass(frozen=True, kw_only=True)
class Kind(Value):
    """The declared types string, int, bool, object, array and any, and those declared under a name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class ListOf(Value):
    item: Value


@dataclass(frozen=True, kw_only=True)
class OneOf(Value):
    members: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Maybe(Value):
    of: Value  # or null, or left out


@dataclass(frozen=True, kw_only=True)
class Decorator(Value):
    name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Declaration(Value):
    name: str
    decorators: tuple[Decorator, ...] = ()

    @property
    def symbol(self) -> str:
        """How the file speaks of it."""
        return self.name

    def decorated(self, name: str) -> Decorator | None:
        return next((each for each in self.decorators if each.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Param(Declaration):
    type: Value
    default: Value | None = None


@dataclass(frozen=True, kw_only=True)
class Variable(Declaration):
    value: Value


@dataclass(frozen=True, kw_only=True)
class TypeName(Declaration):
    type: Value


@dataclass(frozen=True, kw_only=True)
class Function(Declaration):
    parameters: tuple[Param, ...]
    returns: Value
    body: Value


@dataclass(frozen=True, kw_only=True)
class Output(Declaration):
    type: Value
    value: Value


@dataclass(frozen=True, kw_only=True)
class Deployed(Declaration):
    """What resources and modules share: each may stand in a loop and under a condition."""

    body: Object
    condition: Value | None = None
    loop: Loop | None = None  # its body is `body` again


@dataclass(frozen=True, kw_only=True)
class Resource(Deployed):
    type: str  # in full, also where it is written inside its parent
    version: str
    existing: bool = False
    outer: str | None = None  # the symbol of the resource that it is written inside of

    @property
    def symbol(self) -> str:
        return f"{self.outer}::{self.name}" if self.outer else self.name

    @property
    def parent(self) -> str | None:
        """The symbol of its parent, however it was given."""
        given = self.body.get("parent")
        given = given.of if isinstance(given, Index) else given
        return given.name if isinstance(given, Name) else self.outer


@dataclass(frozen=True, kw_only=True)
class Module(Deployed):
    path: str  # as written: relative to the file

    @property
    def params(self) -> Object:
        given = self.body.get("params")
        return given if isinstance(given, Object) else Object(entries=(), line=self.line)


def inside_of(value: Value) -> Iterator[Value]:
    """The values that a value is made of."""
    for part in fields(value):
        found = getattr(value, part.name)
        if not (part.name == "loop" and isinstance(value, Deployed)):  # its body is the value's own
            yield from (
                each for each in (found if isinstance(found, tuple) else (found,)) if isinstance(each, Value)
            )


def walk(value: Value | tuple[Value, ...]) -> Iterator[Value]:
    """The value, or the values, and everything inside, decorators included."""
    for each in value if isinstance(value, tuple) else (value,):
        yield each
        yield from walk(tuple(inside_of(each)))
        if isinstance(each, Deployed) and each.loop is not None:
            yield from walk(each.loop.over)
