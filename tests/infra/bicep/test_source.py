"""Bicep is read as it is written, in the places where the grammar needs help too."""

from pathlib import Path

import pytest

from tests.infra.bicep import tree
from tests.infra.bicep.source import BicepFile, read_text
from tests.infra.bicep.tree import Call, Choice, Index, Lambda, Literal, Member, Name, Operation, Value


def read(text: str, name: str = "main.bicep") -> BicepFile:
    file = read_text(text, Path(name))
    assert file.errors == ()
    return file


def shown(value: Value) -> str:
    """With brackets around everything that belongs together."""
    if isinstance(value, Member):
        return f"({shown(value.of)}).{value.name}"
    if isinstance(value, Index):
        return f"({shown(value.of)})[{shown(value.key)}]"
    if isinstance(value, Choice):
        return f"({shown(value.condition)} ? {shown(value.then)} : {shown(value.otherwise)})"
    if isinstance(value, Operation):
        return f"({value.operator} {' '.join(map(shown, value.operands))})"
    if isinstance(value, Lambda):
        return f"[{' '.join(value.variables)} => {shown(value.body)}]"
    if isinstance(value, Call):
        of = f"({shown(value.of)})." if value.of else ""
        return f"{of}{value.function}({', '.join(map(shown, value.arguments))})"
    assert isinstance(value, Literal | Name)
    return value.name if isinstance(value, Name) else str(value.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("p ? null : q.r.s", "(p ? None : ((q).r).s)"),
        ("(p ? q : r).s", "((p ? q : r)).s"),
        ("p ? q : r[0]", "(p ? q : (r)[0])"),
        ("p ? q : r.list().s", "(p ? q : ((r).list()).s)"),
        ("p ? q : r ? s : t.u", "(p ? q : (r ? s : (t).u))"),
        ("p ? q : r.a ? s : t.b", "(p ? q : ((r).a ? s : (t).b))"),
        ("p ? q.a : r.b == s.c", "(p ? (q).a : (== (r).b (s).c))"),
        ("!a.b", "(! (a).b)"),
        ("!(a || b.c)", "(! (|| a (b).c))"),
        ("a && b.c", "(&& a (b).c)"),
        ("a || b && c.d", "(|| a (&& b (c).d))"),
        ("a - b - c.d", "(- (- a b) (c).d)"),
        ("a * (b + c)", "(* a (+ b c))"),
        ("a ?? b.c", "(?? a (b).c)"),
        ("a!.b", "(a).b"),
        ("a.?b", "(a).b"),
        ("filter(l, e => e.n == 'x' && e.m)", "filter(l, [e => (&& (== (e).n x) (e).m)])"),
        ("map(l, (e, i) => e.n)", "map(l, [e i => (e).n])"),
        ("az.resourceGroup().location", "(resourceGroup()).location"),
    ],
)
def test_operators_bind_as_in_bicep(text: str, meant: str) -> None:
    assert shown(read(f"var x = {text}").variables["x"].value) == meant


def test_strings_are_read_with_their_escapes_and_their_expressions() -> None:
    file = read("var a = 'it\\'s \\${x}\\n\\u{41}'\nvar b = 'x${a}y'\nvar c = '''\nraw ${a}\n'''\n")
    assert file.variables["a"].value == Literal(value="it's ${x}\nA", line=1)
    assert file.variables["b"].value == tree.Text(parts=("x", Name(name="a", line=2), "y"), line=2)
    assert file.variables["c"].value == Literal(value="raw ${a}\n", line=3)


def test_spreads_comments_and_quoted_keys_are_entries_or_nothing() -> None:
    file = read("var a = {\n  // no\n  'b-c': 1 /* no */\n  ...d\n  e: [\n    1 // no\n    2\n  ]\n}\n")
    value = file.variables["a"].value
    assert isinstance(value, tree.Object)
    assert [(entry.name, entry.line) for entry in value.entries] == [("b-c", 3), (None, 4), ("e", 5)]
    assert value.get("e") == tree.Array(items=(Literal(value=1, line=6), Literal(value=2, line=7)), line=5)


def test_resources_keep_their_loops_conditions_parents_and_lines() -> None:
    file = read(
        "@batchSize(1)\n"
        "resource a 'Some.One/a@2024-01-01' = [for (x, i) in [1]: if (i > 0) {\n  name: x\n}]\n"
        "resource b 'Some.One/a@2024-01-01' existing = {\n  name: 'b'\n\n"
        "  @description('inside')\n  resource c 'c@2025-01-01' = {\n    name: 'c'\n  }\n}\n"
        "resource d 'Some.One/a/c@2024-01-01' = {\n  parent: a[0]\n  name: 'd'\n}\n"
    )
    a, b, c, d = file.resources.values()
    assert a.loop is not None
    assert (a.line, a.loop.variables, a.condition is not None, a.decorators[0].name) == (
        2,
        ("x", "i"),
        True,
        "batchSize",
    )
    assert (b.existing, b.parent) == (True, None)
    assert (c.symbol, c.type, c.version, c.parent) == ("b::c", "Some.One/a/c", "2025-01-01", "b")
    assert (c.line, c.decorated("description") is not None) == (9, True)
    assert d.parent == "a"


def test_parameter_files_are_read_as_assignments() -> None:
    file = read("using 'main.bicep'\nparam  a = 'x'\nparam b = { c: [1] }\nvar d = 2\n", "dev.bicepparam")
    assert file.using == "main.bicep"
    assert [each.name for each in file.assigned] == ["a", "b"]
    assert file.assigned[0].value == Literal(value="x", line=2)
    assert list(file.variables) == ["d"]


@pytest.mark.parametrize(
    "text", ["param a string =\n", "var a = [\n", "var a = 'x\n", "resource a = {}\n", "what\n"]
)
def test_what_cannot_be_parsed_is_told_of(text: str) -> None:
    assert read_text(f"var b = 1\n{text}", Path("main.bicep")).errors


def test_a_file_whose_errors_are_told_of_declares_nothing() -> None:
    file = read_text("var b = 1\nvar a = [\n", Path("main.bicep"))
    assert (file.declarations, file.errors[0].line >= 1) == ((), True)
