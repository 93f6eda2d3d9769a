"""Checks the names of one file: every one used is declared, every one declared is used, no two are alike.

Parameters' defaults, allowed values and outputs fit what they are declared as. See `check_symbols`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.infra.bicep import tree
from tests.infra.bicep.declared import misfits
from tests.infra.bicep.faults import Fault, hint
from tests.infra.bicep.functions import DECORATORS, RETURNS
from tests.infra.bicep.inference import known
from tests.infra.bicep.resources import TARGETS
from tests.infra.bicep.scope import KINDS, Scope, shape_of
from tests.infra.bicep.tree import Declaration, Value

SECRET = re.compile(r"(?i)(password|pwd|secret|accountkey|connectionstring)s?$")
NAMESPACES = {"az", "sys"}


def check_symbols(scope: Scope) -> Iterator[Fault]:
    yield from _duplicates(scope)
    yield from _undefined(scope)
    yield from _unused(scope)
    yield from _decorators(scope)
    for param in scope.file.params.values():
        yield from _param(param, scope)
    for output in scope.file.outputs.values():
        yield from _output(output, scope)
    if scope.file.target_scope not in TARGETS:
        text = f"targetScope '{scope.file.target_scope}'{hint(scope.file.target_scope, TARGETS)}"
        yield _fault(scope, 1, "scope", text)


def _fault(scope: Scope, line: int, kind: str, text: str) -> Fault:
    return Fault(path=scope.file.path, line=line, kind=kind, text=text)


def _symbols(scope: Scope) -> list[Declaration]:
    """Outputs are no symbols: nothing in the file can name them."""
    declared = (*scope.file.declarations, *scope.file.assigned)
    return [each for each in declared if not isinstance(each, tree.Output)]


def _duplicates(scope: Scope) -> Iterator[Fault]:
    outputs = [each for each in scope.file.declarations if isinstance(each, tree.Output)]
    for group in (_symbols(scope), outputs):
        counts = Counter(each.symbol for each in group)
        for each in group[::-1]:
            if counts[each.symbol] > 1:
                counts[each.symbol] = 1
                yield _fault(scope, each.line, "duplicate", f"{each.symbol} is declared twice")
    for value in tree.walk(scope.file.declarations):
        if isinstance(value, tree.Object):
            names = Counter(entry.name for entry in value.entries if entry.name is not None)
            twice = [name for name, count in names.items() if count > 1]
            yield from (_fault(scope, value.line, "duplicate", f"{name} is set twice") for name in twice)


def _undefined(scope: Scope) -> Iterator[Fault]:
    symbols = {each.symbol for each in _symbols(scope)}
    for each in (*scope.file.declarations, *scope.file.assigned):
        local = {taken.name for taken in each.parameters} if isinstance(each, tree.Function) else set()
        yield from _undefined_in(each, symbols | local, scope)


def _undefined_in(value: Value, symbols: set[str], scope: Scope) -> Iterator[Fault]:
    """Loops and lambdas declare their variables for their bodies only."""
    if isinstance(value, tree.Name) and value.name not in symbols | NAMESPACES:
        text = f"nothing is called {value.name}{hint(value.name, symbols)}"
        yield _fault(scope, value.line, "undefined", text)
    elif isinstance(value, tree.Call) and value.of is None:
        functions = set(RETURNS) | set(scope.file.of(tree.Function))
        if value.function not in functions:
            text = f"there is no function {value.function}{hint(value.function, functions)}"
            yield _fault(scope, value.line, "undefined", text)
    elif isinstance(value, tree.Kind) and value.name not in KINDS | set(scope.file.of(tree.TypeName)):
        yield _fault(
            scope, value.line, "undefined", f"there is no type {value.name}{hint(value.name, KINDS)}"
        )
    if isinstance(value, tree.Resource):  # those inside of it, and beside it, go by their last names
        near = {value.symbol, value.outer} - {None}
        symbols = symbols | {each.name for each in scope.file.resources.values() if each.outer in near}
    if isinstance(value, tree.Deployed) and value.loop is not None:
        yield from _undefined_in(value.loop.over, symbols, scope)
        symbols = symbols | set(value.loop.variables)
    elif isinstance(value, tree.Loop):
        yield from _undefined_in(value.over, symbols, scope)
        yield from _undefined_in(value.body, symbols | set(value.variables), scope)
        return
    elif isinstance(value, tree.Lambda):
        symbols = symbols | set(value.variables)
    if isinstance(value, tree.Declaration):
        value = replace(value, decorators=())
    for inside in tree.inside_of(value):
        yield from _undefined_in(inside, symbols, scope)


def _unused(scope: Scope) -> Iterator[Fault]:
    used = Counter(
        each.function if isinstance(each, tree.Call) else each.name
        for each in tree.walk((*scope.file.declarations, *scope.file.assigned))
        if isinstance(each, tree.Name | tree.Kind | tree.Call)
    )
    for each in _symbols(scope):
        plain = isinstance(each, tree.Param | tree.Variable | tree.TypeName | tree.Function)
        found = isinstance(each, tree.Resource) and each.existing
        exported = each.decorated("export") is not None or each in scope.file.assigned
        outer = each.symbol in {other.outer for other in scope.file.resources.values()}
        if (plain or found) and not exported and not outer and not used[each.symbol]:
            yield _fault(scope, each.line, "unused", f"{each.name} is declared and not used")


def _decorators(scope: Scope) -> Iterator[Fault]:
    for each in scope.file.declarations:
        for decorator in each.decorators:
            if decorator.name not in DECORATORS:
                text = f"there is no @{decorator.name}{hint(decorator.name, DECORATORS)}"
                yield _fault(scope, decorator.line, "undefined", text)


def _param(param: tree.Param, scope: Scope) -> Iterator[Fault]:
    secure = param.decorated("secure") is not None
    if SECRET.search(param.name) and not secure:
        yield _fault(scope, param.line, "secure", f"{param.name} is not @secure, and is called a secret")
    if secure and param.default is not None and not _is_empty(param.default):
        yield _fault(scope, param.line, "secure", f"{param.name} has a default, which everybody can read")
    if param.default is not None:
        for text in misfits(param.default, scope, param, scope):
            yield _fault(scope, param.line, "default", text)
    allowed = param.decorated("allowed")
    kinds = {shape_of(each.value) for each in known(param.type, scope)}
    if allowed is None or "array" in kinds:
        return
    for each in allowed.arguments[0].items if isinstance(allowed.arguments[0], tree.Array) else ():
        if shape_of(each) not in kinds:
            text = f"{param.name} is declared {', '.join(kinds)} and allows {shape_of(each)}"
            yield _fault(scope, each.line, "default", text)


def _is_empty(value: Value) -> bool:
    return value == tree.Literal(value="", line=value.line) or isinstance(value, tree.Call)


def _output(output: tree.Output, scope: Scope) -> Iterator[Fault]:
    as_param = tree.Param(name=output.name, type=output.type, line=output.line, decorators=output.decorators)
    for text in misfits(output.value, scope, as_param, scope):
        yield _fault(scope, output.line, "output", text)
