"""What a Bicep file says, as frozen values: made by source.py, read by the checkers and tests.

A value is what may stand behind a colon or an equals sign; a declared type is what may stand behind the name
of a parameter. Everything knows its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, kw_only=True)
class Value:
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Literal(Value):
    value: str | int | bool | None


@dataclass(frozen=True, kw_only=True)
class Text(Value):
    """A string with expressions in it."""

    parts: tuple[str | Value, ...]


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
    name: str


@dataclass(frozen=True, kw_only=True)
class Member(Value):
    """`of.name` and `of::name`."""

    of: Value
    name: str


@dataclass(frozen=True, kw_only=True)
class Index(Value):
    of: Value
    key: Value


@dataclass(frozen=True, kw_only=True)
class Call(Value):
    """`function(arguments)`, or a method of `of`. The namespaces `az.` and `sys.` are dropped."""

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
    """A union of literals or types."""

    members: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Maybe(Value):
    """A type that may also be null, or be left out."""

    of: Value


@dataclass(frozen=True, kw_only=True)
class Decorator(Value):
    name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Declaration(Value):
    name: str
    decorators: tuple[Decorator, ...] = ()

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
    def parent(self) -> str | None:
        """The symbol of its parent, however it was given."""
        given = self.body.get("parent")
        given = given.of if isinstance(given, Index) else given
        return given.name if isinstance(given, Name | Member) else self.outer


@dataclass(frozen=True, kw_only=True)
class Module(Deployed):
    path: str  # as written: relative to the file

    @property
    def params(self) -> Object:
        given = self.body.get("params")
        return given if isinstance(given, Object) else Object(entries=(), line=self.line)


def inside_of(value: Value) -> Iterator[Value]:
    """The values that a value is made of."""
    for field in fields(value):
        found = getattr(value, field.name)
        if not (field.name == "loop" and isinstance(value, Deployed)):  # its body is the value's own
            yield from (
                each for each in (found if isinstance(found, tuple) else (found,)) if isinstance(each, Value)
            )


def undecorated(declaration: Declaration) -> Declaration:
    return replace(declaration, decorators=())


def walk(value: Value | tuple[Value, ...]) -> Iterator[Value]:
    """The value, or the values, and everything inside, decorators included."""
    for each in value if isinstance(value, tuple) else (value,):
        yield each
        yield from walk(tuple(inside_of(each)))
        if isinstance(each, Deployed) and each.loop is not None:
            yield from walk(each.loop.over)
