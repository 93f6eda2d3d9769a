"""What can be known about an expression without deploying: `known(value, scope)`.

It gives every value that the expression may have, each with the scope in which its own parts are to be read.
A value may be a type (tree.Kind and its like), which stands for any value of it; nothing is known of `ANY`.
Called by the checkers.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from tests.infra.bicep import tree
from tests.infra.bicep.functions import RETURNS, SAMPLES, WORDS
from tests.infra.bicep.loading import load
from tests.infra.bicep.scope import (
    ANY,
    BOOL,
    INT,
    STRING,
    Known,
    Scope,
    as_value,
    module_output,
    plain,
    resource_type_at,
    shape_of,
    steps_of,
)
from tests.infra.bicep.tree import Kind, Literal, Value

SPELLINGS = 64  # more spellings of one string than this are not told apart
DEEPEST = 40  # nothing right is nested so deep


def known(value: Value, scope: Scope) -> Iterator[Known]:
    scope = scope.deeper()
    if scope.depth > DEEPEST:
        yield Known(value=ANY, scope=scope)
    elif isinstance(value, tree.Name):
        yield from _name(value, scope)
    elif isinstance(value, tree.Kind):
        named = scope.file.of(tree.TypeName).get(value.name)
        yield from known(named.type, scope) if named else [Known(value=value, scope=scope)]
    elif isinstance(value, tree.Choice):
        yield from known(value.then, scope)
        yield from known(value.otherwise, scope)
    elif isinstance(value, tree.OneOf):
        for member in value.members:
            yield from known(member, scope)
    elif isinstance(value, tree.Maybe):
        yield Known(value=Literal(value=None, line=value.line), scope=scope)
        yield from known(value.of, scope)
    elif isinstance(value, tree.Member | tree.Index):
        yield from _reached(value, scope)
    elif isinstance(value, tree.Text):
        yield from _spelled(value, scope)
    elif isinstance(value, tree.Operation):
        yield from _operated(value, scope)
    elif isinstance(value, tree.Call):
        yield from _returned(value, scope)
    elif isinstance(value, tree.Loop):
        inside = scope.binding(value.variables, tuple(items_of(value.over, scope)))
        yield Known(value=tree.ListOf(item=value.body, line=value.line), scope=inside)
    elif isinstance(value, tree.Object):
        yield Known(value=_without_spreads(value, scope), scope=scope)
    else:
        yield Known(value=value, scope=scope)


def items_of(value: Value, scope: Scope) -> Iterator[Known]:
    """What a loop over the value meets."""
    for found in known(value, scope):
        if isinstance(found.value, tree.Array):
            for item in found.value.items:
                yield from known(item, found.scope)
        elif isinstance(found.value, tree.ListOf):
            yield from known(found.value.item, found.scope)
        else:
            yield Known(value=ANY, scope=found.scope)


def _name(value: tree.Name, scope: Scope) -> Iterator[Known]:
    bound = (scope.bound or {}).get(value.name)
    if bound is not None:
        for each in bound:
            yield from known(each.value, each.scope)
    elif value.name in scope.file.variables:
        yield from known(scope.file.variables[value.name].value, scope)
    elif value.name in scope.file.params:
        param = scope.file.params[value.name]
        if scope.spelled and param.default is not None:
            yield from known(param.default, scope)
            return
        for possible in declared(param):
            yield from known(possible, replace(scope, bound=None))
    else:
        yield Known(value=ANY, scope=scope)


def declared(param: tree.Param) -> tuple[Value, ...]:
    """What a parameter may be: its allowed values, or its type with its limits and default as examples."""
    allowed = param.decorated("allowed")
    if allowed and isinstance(allowed.arguments[0], tree.Array):
        values = allowed.arguments[0].items
        if isinstance(param.type, Kind) and param.type.name == "array":
            return (tree.ListOf(item=tree.OneOf(members=values), line=param.line),)
        return values
    limits = [each.arguments[0] for each in param.decorators if each.name in {"minValue", "maxValue"}]
    return (param.type, *limits, *([param.default] if param.default else []))


def _without_spreads(value: tree.Object, scope: Scope) -> tree.Object:
    """Spreads of known objects opened; one that stays says that there may be more."""
    entries: list[tree.Entry] = []
    for entry in value.entries:
        inside = [each.value for each in known(entry.value, scope)] if entry.key is None else []
        if len(inside) == 1 and isinstance(inside[0], tree.Object):
            entries += inside[0].entries
        else:
            entries.append(entry)
    return replace(value, entries=tuple(entries))


def _reached(value: tree.Member | tree.Index, scope: Scope) -> Iterator[Known]:
    """`of.name`, `of[key]`: inside of objects and lists, of a resource's type, of a module's outputs."""
    symbol, steps = steps_of(value)
    if scope.spelled and symbol in scope.file.resources and steps == ["name"]:
        name = scope.file.resources[symbol].body.get("name")
        yield from known(name, scope) if name is not None else ()
        return
    typed = resource_type_at(value, scope)
    if typed is not None:
        yield from known(as_value(typed), scope)
        return
    output = module_output(value, scope)
    if output is not None:
        file, found = output
        yield from known(found.type, replace(scope, file=file, bound=None))
        return
    for of in known(value.of, scope):
        yield from _inside(of, value)


def _inside(of: Known, value: tree.Member | tree.Index) -> Iterator[Known]:
    key = value.name if isinstance(value, tree.Member) else plain(value.key)
    if isinstance(of.value, tree.Object):
        entries = [each for each in of.value.entries if key is None or each.name == key]
        for entry in entries or [tree.Entry(key=None, value=ANY)]:
            yield from known(entry.value, of.scope)
    elif isinstance(of.value, tree.ListOf | tree.Array) and isinstance(value, tree.Index):
        yield from items_of(of.value, of.scope)
    else:
        yield Known(value=ANY, scope=of.scope)


def _spelled(value: tree.Text, scope: Scope) -> Iterator[Known]:
    """Every spelling of a string whose expressions are all known strings; else some string."""
    parts = [_spellings(part, scope) for part in value.parts]
    if any(None in part for part in parts):
        yield Known(value=replace(STRING, line=value.line), scope=scope)
        return
    for words in islice(product(*parts), SPELLINGS):
        yield Known(value=Literal(value="".join(map(str, words)), line=value.line), scope=scope)


def _spellings(part: str | Value, scope: Scope) -> list[str | None]:
    if isinstance(part, str):
        return [part]
    found = (each.value for each in known(part, scope))
    return [
        str(each.value) if isinstance(each, Literal) and each.value is not None else None for each in found
    ]


def _operated(value: tree.Operation, scope: Scope) -> Iterator[Known]:
    if value.operator == "??":
        left, right = value.operands
        for each in known(left, scope):
            if not (isinstance(each.value, Literal) and each.value.value is None):
                yield each
        yield from known(right, scope)
    else:
        kind = INT if value.operator in {"+", "-", "*", "/", "%"} else BOOL
        yield Known(value=replace(kind, line=value.line), scope=scope)


def _returned(value: tree.Call, scope: Scope) -> Iterator[Known]:
    own = scope.file.of(tree.Function).get(value.function)
    if own is not None and value.of is None:
        yield from known(own.returns, scope)
    elif value.function == "any" and scope.spelled:
        yield from known(value.arguments[0], scope)
    elif value.function in {"union", "concat"}:
        yield from _united(value, scope)
    elif value.function in {"loadJsonContent", "loadYamlContent"}:
        name = plain(value.arguments[0]) if len(value.arguments) == 1 else None
        loaded = load(scope.file.path.parent / name, value.line) if name else None
        yield Known(value=loaded or ANY, scope=scope)
    elif value.function in {"flatten", "intersection"}:
        yield Known(value=ANY, scope=scope)
    elif value.function == "map" and isinstance(each := value.arguments[1], tree.Lambda):
        loop = tree.Loop(variables=each.variables, over=value.arguments[0], body=each.body)
        yield from known(loop, scope)
    elif value.function in SAMPLES and scope.spelled:
        yield Known(value=Literal(value=SAMPLES[value.function], line=value.line), scope=scope)
    elif value.function in WORDS:
        yield from _worded(value, scope)
    else:
        kind = RETURNS.get(value.function, "any") if value.of is None else "any"
        yield Known(value=Kind(name=kind, line=value.line), scope=scope)


def _worded(value: tree.Call, scope: Scope) -> Iterator[Known]:
    """What a function makes of strings that are known."""
    for words in islice(product(*(_spellings(each, scope) for each in value.arguments)), SPELLINGS):
        made = None if None in words else WORDS[value.function](*words)
        kind = Kind(name=RETURNS[value.function], line=value.line)
        yield Known(value=kind if made is None else Literal(value=made, line=value.line), scope=scope)


def _united(value: tree.Call, scope: Scope) -> Iterator[Known]:
    """Lists' items or objects' properties together; what is not known of these stays as a spread."""
    shapes = {shape_of(each.value) for argument in value.arguments for each in known(argument, scope)}
    if "array" in shapes:
        items = tuple(item for argument in value.arguments for item in items_of(argument, scope))
        inside = scope.binding(("item",), items)
        yield Known(value=tree.ListOf(item=tree.Name(name="item", line=value.line)), scope=inside)
    elif "object" in shapes:
        spreads = tuple(tree.Entry(key=None, value=each, line=each.line) for each in value.arguments)
        whole = _without_spreads(tree.Object(entries=spreads, line=value.line), scope)
        yield Known(value=_without_twins(whole), scope=scope)
    elif value.function == "concat":
        yield Known(value=STRING if "string" in shapes else ANY, scope=scope)
    else:
        yield from known(value.arguments[-1], scope)


def _without_twins(value: tree.Object) -> tree.Object:
    """union() goes into what both have."""
    twins: dict[str | None, list[tree.Entry]] = {}
    for entry in value.entries:
        twins.setdefault(entry.name, []).append(entry)
    united = [
        replace(each[0], value=tree.Call(function="union", arguments=tuple(twin.value for twin in each)))
        for name, each in twins.items()
        if name is not None and len(each) > 1
    ]
    single = [entry for entry in value.entries if entry.name is None or len(twins[entry.name]) == 1]
    return replace(value, entries=(*single, *united))
