"""From tree-sitter's nodes to the values of tree.py. Called by source.py alone."""

import re
from collections.abc import Callable
from dataclasses import replace

from tree_sitter import Node

from tests.infra.bicep import tree
from tests.infra.bicep.tree import Value

NAMESPACES = ("az", "sys")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
TERNARY, UNARY, POSTFIX = 0, 8, 9
_OPERATORS = (
    ("??",),
    ("||",),
    ("&&",),
    ("==", "!=", "=~", "!~"),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)
LEVELS = {operator: level for level, group in enumerate(_OPERATORS, start=1) for operator in group}
SPREAD = "..."  # the key that source.py puts before a spread, which the grammar does not know


def text_of(node: Node | None) -> str:
    return node.text.decode() if node is not None and node.text is not None else ""


def line_of(node: Node) -> int:
    return node.start_point[0] + 1


def parts_of(node: Node) -> list[Node]:
    """The named children without comments."""
    return [each for each in node.named_children if "comment" not in each.type]


def value_of(node: Node) -> Value:
    read = READERS.get(node.type)
    return read(node) if read else tree.Name(name=text_of(node), line=line_of(node))


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def string_of(node: Node) -> tree.Literal | tree.Text:
    raw, start = node.text or b"", node.start_byte
    quote = 3 if raw.startswith(b"'''") else 1
    parts: list[str | Value] = []
    position = quote
    for inside in (each for each in node.children if each.type == "interpolation"):
        parts += [
            _unescaped(raw[position : inside.start_byte - start].decode()),
            value_of(parts_of(inside)[0]),
        ]
        position = inside.end_byte - start
    last = raw[position : len(raw) - quote].decode()
    parts.append(last.removeprefix("\n") if quote == 3 else _unescaped(last))
    if len(parts) == 1:
        return tree.Literal(value=str(parts[0]), line=line_of(node))
    return tree.Text(parts=tuple(part for part in parts if part != ""), line=line_of(node))


def _into(value: Value, put: Callable[[Value], Value], level: int = POSTFIX) -> Value:
    """Puts something behind the part of the value that it binds to.

    The grammar reads `a ? b : c.d` as `(a ? b : c).d`, and likewise behind operators and lambdas: what
    follows goes down the right side as far as operators bind less.
    """
    if value.closed:
        return put(value)
    if isinstance(value, tree.Lambda):
        return replace(value, body=_into(value.body, put, level))
    if isinstance(value, tree.Choice):
        return replace(value, otherwise=_into(value.otherwise, put, level))
    if isinstance(value, tree.Operation) and _level(value.operator, value.operands) < level:
        *left, last = value.operands
        return replace(value, operands=(*left, _into(last, put, level)))
    return put(value)


def _level(operator: str, operands: tuple[Value, ...]) -> int:
    return UNARY if len(operands) == 1 else LEVELS[operator]


def _number(node: Node) -> Value:
    return tree.Literal(value=int(text_of(node)), line=line_of(node))


def _entry(node: Node) -> tree.Entry:
    key, value = parts_of(node)
    line = line_of(node)
    name = string_of(key) if key.type == "string" else tree.Literal(value=text_of(key), line=line)
    spread = isinstance(name, tree.Literal) and name.value == SPREAD
    return tree.Entry(key=None if spread else name, value=value_of(value), line=line)


def object_of(node: Node) -> tree.Object:
    """An object's properties. Resources written inside of one are declarations: source.py reads them."""
    properties = [each for each in parts_of(node) if each.type == "object_property"]
    entries = tuple(_entry(each) for each in properties if len(parts_of(each)) == 2)
    return tree.Object(entries=entries, line=line_of(node))


def _array(node: Node) -> Value:
    return tree.Array(items=tuple(value_of(each) for each in parts_of(node)), line=line_of(node))


def _is_safe(node: Node) -> bool:
    return any(each.type in {".?", "?"} for each in node.children)


def _member(node: Node) -> Value:
    of, name = parts_of(node)[0], text_of(parts_of(node)[-1])
    safe, line = _is_safe(node), line_of(node)
    return _into(value_of(of), lambda inner: tree.Member(of=inner, name=name, safe=safe, line=line))


def _index(node: Node) -> Value:
    of, key = parts_of(node)
    safe, line = _is_safe(node), line_of(node)
    return _into(value_of(of), lambda inner: tree.Index(of=inner, key=value_of(key), safe=safe, line=line))


def call_of(node: Node) -> Value:
    function, given = parts_of(node)[:2]  # a third is the `!` of "not null"
    arguments = tuple(value_of(each) for each in parts_of(given))
    line = line_of(node)

    def called(inner: Value) -> Value:
        if isinstance(inner, tree.Name):
            return tree.Call(function=inner.name, arguments=arguments, line=line)
        assert isinstance(inner, tree.Member), f"line {line}: what is called?"
        plain = isinstance(inner.of, tree.Name) and inner.of.name in NAMESPACES
        return tree.Call(function=inner.name, arguments=arguments, of=None if plain else inner.of, line=line)

    return _into(value_of(function), called)


def _operation(node: Node) -> Value:
    operator, line = text_of(node.child_by_field_name("operator")), line_of(node)
    first, *rest = (value_of(each) for each in parts_of(node))
    if not rest:
        return tree.Operation(operator=operator, operands=(first,), line=line)
    return _into(
        first,
        lambda inner: tree.Operation(operator=operator, operands=(inner, *rest), line=line),
        LEVELS[operator],
    )


def _choice(node: Node) -> Value:
    condition, then, otherwise = [value_of(each) for each in parts_of(node)]
    return _into(
        condition,
        lambda inner: tree.Choice(condition=inner, then=then, otherwise=otherwise, line=line_of(node)),
        TERNARY,
    )


def _lambda(node: Node) -> Value:
    variables, body = parts_of(node)
    names = parts_of(variables) or [variables]
    return tree.Lambda(variables=tuple(map(text_of, names)), body=value_of(body), line=line_of(node))


def _loop(node: Node) -> Value:
    variables, over, body = parts_of(node)
    names = parts_of(variables) or [variables]
    return tree.Loop(
        variables=tuple(map(text_of, names)), over=value_of(over), body=value_of(body), line=line_of(node)
    )


def _when(node: Node) -> Value:
    condition, body = [value_of(each) for each in parts_of(node)]
    return tree.When(condition=condition, body=body, line=line_of(node))


READERS: dict[str, Callable[[Node], Value]] = {
    "string": string_of,
    "number": _number,
    "boolean": lambda node: tree.Literal(value=text_of(node) == "true", line=line_of(node)),
    "null": lambda node: tree.Literal(value=None, line=line_of(node)),
    "object": object_of,
    "array": _array,
    "member_expression": _member,
    "resource_expression": lambda node: tree.Name(name=text_of(node), line=line_of(node)),
    "subscript_expression": _index,
    "call_expression": call_of,
    "binary_expression": _operation,
    "unary_expression": _operation,
    "ternary_expression": _choice,
    "nullable_type": lambda node: value_of(parts_of(node)[0]),  # `x!`
    "parenthesized_expression": lambda node: replace(value_of(parts_of(node)[0]), closed=True),
    "lambda_expression": _lambda,
    "for_statement": _loop,
    "if_statement": _when,
}


def type_of(node: Node) -> Value:
    """A declared type."""
    line, inside = line_of(node), parts_of(node)
    if node.type in {"type", "parenthesized_type"}:
        return type_of(inside[0])
    if node.type == "array_type":
        return tree.ListOf(item=type_of(inside[0]), line=line)
    if node.type == "nullable_type":
        return tree.Maybe(of=type_of(inside[0]), line=line)
    if node.type == "union_type":
        return tree.OneOf(members=tuple(type_of(each) for each in inside), line=line)
    if node.type == "object":
        entries = [parts_of(each) for each in inside if each.type == "object_property"]
        return tree.Object(entries=tuple(_property(*pair) for pair in entries if len(pair) == 2), line=line)
    if node.type in {"string", "number", "boolean"}:
        return value_of(node)
    return tree.Kind(name=text_of(node), line=line)


def _property(key: Node, declared: Node) -> tree.Entry:
    name = string_of(key) if key.type == "string" else tree.Literal(value=text_of(key))
    return tree.Entry(key=name, value=type_of(declared), line=line_of(key))
