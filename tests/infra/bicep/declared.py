"""Whether a value fits a declaration: a parameter with its limits, or an output."""

from collections.abc import Iterator

from tests.infra.bicep import tree
from tests.infra.bicep.faults import hint
from tests.infra.bicep.inference import known
from tests.infra.bicep.scope import Known, Scope, shape_of
from tests.infra.bicep.tree import Literal, Value


def misfits(value: Value, scope: Scope, param: tree.Param, at: Scope) -> Iterator[str]:
    """Why a value does not fit a parameter that is declared in the scope `at`."""
    for found in known(value, scope):
        shape = shape_of(found.value)
        if shape == "any" or (shape == "null" and param.default is not None):
            continue
        yield from _type_misfits(found, param.type, at, param.name)
        yield from _decorated_misfits(found.value, param)


def _type_misfits(found: Known, declared: Value, at: Scope, name: str) -> Iterator[str]:
    possible = [each.value for each in known(declared, at)]
    shape = shape_of(found.value)
    fitting = [each for each in possible if shape in {"any", shape_of(each)} or shape_of(each) == "any"]
    if not fitting:
        yield f"{name} takes {' or '.join(dict.fromkeys(map(shape_of, possible)))}, not {shape}"
        return
    words = [each.value for each in fitting if isinstance(each, Literal)]
    if shape in {"string", "int"} and len(words) == len(fitting):
        yield from _not_among(found.value, words, name)
    for each in fitting:
        if isinstance(each, tree.ListOf):
            yield from _item_misfits(found, each.item, at, name)
        elif isinstance(each, tree.Object) and isinstance(found.value, tree.Object):
            yield from _property_misfits(found.value, found.scope, each, at, name)


def _item_misfits(found: Known, item: Value, at: Scope, name: str) -> Iterator[str]:
    values = found.value.items if isinstance(found.value, tree.Array) else ()
    values = (found.value.item,) if isinstance(found.value, tree.ListOf) else values
    for value in values:
        for each in known(value, found.scope):
            if shape_of(each.value) != "any":
                yield from _type_misfits(each, item, at, f"{name}[]")


def _property_misfits(
    value: tree.Object, scope: Scope, declared: tree.Object, at: Scope, name: str
) -> Iterator[str]:
    types = {str(entry.name): entry.value for entry in declared.entries}
    for entry in value.entries:
        if entry.name is not None and entry.name not in types:
            yield f"{name}.{entry.name} does not exist{hint(entry.name, types)}"
        elif entry.name is not None:
            for each in known(entry.value, scope):
                if shape_of(each.value) != "any":
                    yield from _type_misfits(each, types[entry.name], at, f"{name}.{entry.name}")
    given = {entry.name for entry in value.entries}
    if all(entry.key for entry in value.entries):
        missing = [
            each for each, kind in types.items() if each not in given and not isinstance(kind, tree.Maybe)
        ]
        yield from (f"{name} has no {each}" for each in missing)


def _not_among(value: Value, words: list[str | int | bool | None], name: str) -> Iterator[str]:
    if isinstance(value, Literal) and value.value not in words:
        yield f"{name} cannot be {value.value!r}{hint(str(value.value), map(str, words))}"


def _decorated_misfits(value: Value, param: tree.Param) -> Iterator[str]:
    limits = {each.name: each.arguments[0] for each in param.decorators if each.arguments}
    allowed = limits.get("allowed")
    if isinstance(allowed, tree.Array) and shape_of(value) in {"string", "int"}:
        yield from _not_among(
            value, [each.value for each in allowed.items if isinstance(each, Literal)], param.name
        )
    size = _size_of(value)
    if size is None:
        return
    for low, high in (("minValue", "maxValue"), ("minLength", "maxLength")):
        applies = (low == "minValue") == (shape_of(value) == "int")
        least, most = _number(limits.get(low)), _number(limits.get(high))
        if applies and ((least is not None and size < least) or (most is not None and size > most)):
            yield f"{param.name} is {size}, not between {least} and {most}"


def _size_of(value: Value) -> int | None:
    """A number, or the length of a string or array."""
    if isinstance(value, tree.Array):
        return len(value.items)
    if isinstance(value, Literal) and isinstance(value.value, str):
        return len(value.value)
    return _number(value)


def _number(value: Value | None) -> int | None:
    number = value.value if isinstance(value, Literal) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
