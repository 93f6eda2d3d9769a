"""Reads Bicep: `read_bicep(folder)` and `read_text(text, path)` give files of declarations (tree.py).

What the grammar cannot parse is in `errors` with its line: nothing may be believed about such a file. Two
things that it does not know, spreads in objects and the assignments of parameter files, are put into words
that it knows before parsing, line by line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.infra.bicep import tree
from tests.infra.bicep.expressions import (
    SPREAD,
    call_of,
    line_of,
    object_of,
    parts_of,
    text_of,
    type_of,
    value_of,
)

LANGUAGE = Language(tree_sitter_bicep.language())
ASSIGNED = re.compile(r"^param( +\w+ *=)", re.MULTILINE)
SPREADS = re.compile(r"^(\s*)\.\.\.(?=\S)", re.MULTILINE)
D = TypeVar("D", bound=tree.Declaration)


@dataclass(frozen=True, kw_only=True)
class ParseError:
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class BicepFile:
    path: Path
    text: str
    target_scope: str = "resourceGroup"
    using: str | None = None  # a parameter file's template
    assigned: tuple[tree.Variable, ...] = ()  # a parameter file's parameters
    declarations: tuple[tree.Declaration, ...] = ()
    errors: tuple[ParseError, ...] = ()
    settings: Mapping[str, tree.Value] = field(default_factory=dict)  # metadata

    def of(self, kind: type[D]) -> dict[str, D]:
        """Declarations of one kind by their symbols."""
        if kind not in self._of:
            self._of[kind] = {each.symbol: each for each in self.declarations if isinstance(each, kind)}
        return self._of[kind]

    @cached_property
    def _of(self) -> dict[type[tree.Declaration], dict[str, Any]]:
        return {}

    @property
    def params(self) -> dict[str, tree.Param]:
        return self.of(tree.Param)

    @property
    def variables(self) -> dict[str, tree.Variable]:
        return self.of(tree.Variable)

    @property
    def resources(self) -> dict[str, tree.Resource]:
        return self.of(tree.Resource)

    @property
    def modules(self) -> dict[str, tree.Module]:
        return self.of(tree.Module)

    @property
    def outputs(self) -> dict[str, tree.Output]:
        return {each.name: each for each in self.declarations if isinstance(each, tree.Output)}


def read_bicep(folder: Path) -> tuple[BicepFile, ...]:
    """Every .bicep and .bicepparam file below the folder, in the order of their paths."""
    paths = sorted(path for path in folder.rglob("*.bicep*") if path.suffix in {".bicep", ".bicepparam"})
    return tuple(read_text(path.read_text(), path) for path in paths)


def read_text(text: str, path: Path) -> BicepFile:
    parameters = path.suffix == ".bicepparam"
    known = ASSIGNED.sub(r"var  \1", text) if parameters else text
    root = Parser(LANGUAGE).parse(SPREADS.sub(rf"\1'{SPREAD}': ", known).encode()).root_node
    errors = tuple(_errors(root))
    if errors:
        return BicepFile(path=path, text=text, errors=errors)
    fields: dict[str, Any] = {"settings": {}}
    declarations: list[tree.Declaration] = []
    decorators: tuple[tree.Decorator, ...] = ()
    for node in parts_of(root):
        if node.type == "decorators":
            decorators = tuple(map(_decorator, parts_of(node)))
            continue
        _read_into(fields, declarations, node, decorators)
        decorators = ()
    if parameters:
        lines = text.splitlines()
        given = [each for each in declarations if lines[each.line - 1].startswith("param")]
        fields["assigned"] = tuple(each for each in given if isinstance(each, tree.Variable))
        declarations = [each for each in declarations if each not in given]
    return BicepFile(path=path, text=text, declarations=tuple(declarations), **fields)


def _errors(node: Node) -> Iterator[ParseError]:
    if node.is_error or node.is_missing:
        yield ParseError(line=line_of(node), text=text_of(node).split("\n")[0])
    elif node.has_error:
        for child in node.children:
            yield from _errors(child)


def _read_into(
    fields: dict[str, Any],
    declarations: list[tree.Declaration],
    node: Node,
    decorators: tuple[tree.Decorator, ...],
) -> None:
    inside = parts_of(node)
    if node.type == "target_scope_assignment":
        fields["target_scope"] = _plain(inside[0])
    elif node.type == "using_statement":
        fields["using"] = _plain(inside[0])
    elif node.type == "metadata_declaration":
        fields["settings"][text_of(inside[0])] = value_of(inside[1])
    elif node.type == "resource_declaration":
        declarations.extend(_resources(node, decorators, outer=None))
    elif node.type in DECLARATIONS:
        declarations.append(
            DECLARATIONS[node.type](inside, {"decorators": decorators, "line": line_of(node)})
        )
    else:
        raise ValueError(f"line {line_of(node)}: {node.type} is not read")


def _plain(node: Node) -> str:
    value = value_of(node)
    assert isinstance(value, tree.Literal), f"line {line_of(node)}: a plain string was expected"
    return str(value.value)


def _decorator(node: Node) -> tree.Decorator:
    call = call_of(parts_of(node)[0])
    assert isinstance(call, tree.Call)
    return tree.Decorator(name=call.function, arguments=call.arguments, line=call.line)


def _param(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    name, declared, *default = inside
    given = value_of(default[0]) if default else None
    return tree.Param(name=text_of(name), type=type_of(declared), default=given, **common)


def _variable(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    return tree.Variable(name=text_of(inside[0]), value=value_of(inside[-1]), **common)


def _type(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    return tree.TypeName(name=text_of(inside[0]), type=type_of(inside[1]), **common)


def _output(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    name, declared, value = inside
    return tree.Output(name=text_of(name), type=type_of(declared), value=value_of(value), **common)


def _function(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    name, parameters, returns, body = inside
    line = common["line"]
    taken = [parts_of(each) for each in parts_of(parameters)]
    params = tuple(tree.Param(name=text_of(each), type=type_of(kind), line=line) for each, kind in taken)
    return tree.Function(
        name=text_of(name), parameters=params, returns=type_of(returns), body=value_of(body), **common
    )


def _module(inside: list[Node], common: dict[str, Any]) -> tree.Declaration:
    name, path, body = inside
    return tree.Module(name=text_of(name), path=_plain(path), **_deployed(body)[1], **common)


DECLARATIONS = {
    "parameter_declaration": _param,
    "variable_declaration": _variable,
    "type_declaration": _type,
    "output_declaration": _output,
    "user_defined_function": _function,
    "module_declaration": _module,
}


def _deployed(node: Node) -> tuple[Node, dict[str, Any]]:
    """The object below a loop and a condition, and the three as fields."""
    loop = condition = None
    while node.type != "object":
        around, node = value_of(node), parts_of(node)[-1]
        loop = around if isinstance(around, tree.Loop) else loop
        condition = around.condition if isinstance(around, tree.When) else condition
    return node, {"body": object_of(node), "loop": loop, "condition": condition}


def _resources(
    node: Node, decorators: tuple[tree.Decorator, ...], outer: tree.Resource | None
) -> Iterator[tree.Resource]:
    """A resource, then those written inside of it."""
    name, kind, body = parts_of(node)
    written, _, version = _plain(kind).partition("@")
    inside, deployed = _deployed(body)
    resource = tree.Resource(
        name=text_of(name),
        type=f"{outer.type}/{written}" if outer else written,
        version=version or (outer.version if outer else ""),
        existing=any(each.type == "existing" for each in node.children),
        outer=outer.symbol if outer else None,
        decorators=decorators,
        line=line_of(node),
        **deployed,
    )
    yield resource
    for child, with_its in _nested(inside):
        yield from _resources(child, with_its, resource)


def _nested(body: Node) -> Iterator[tuple[Node, tuple[tree.Decorator, ...]]]:
    before: tuple[tree.Decorator, ...] = ()
    for node in parts_of(body):
        if node.type == "decorators":
            before = tuple(map(_decorator, parts_of(node)))
            continue
        inside = parts_of(node)
        if len(inside) == 1 and inside[0].type == "resource_declaration":
            yield inside[0], before
        before = ()
