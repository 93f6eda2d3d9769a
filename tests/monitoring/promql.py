"""What a PromQL expression names: metrics with their matchers, and labels that it groups by.

Whether an expression is valid, Prometheus itself says; this finds out what it is about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<range>\[[^\]]*\])|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<number>\d[\d.]*[smhdwy]?)|(?P<op>=~|!~|!=|==|>=|<=|\S)|\s+""",
    re.VERBOSE,
)
_WORDS = {"and", "or", "unless", "bool", "offset", "nan", "inf", "group_left", "group_right"}
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_PLAIN = re.compile(r"[\w/ .{}-]+")


@dataclass(frozen=True, kw_only=True)
class Matcher:
    label: str
    op: str
    value: str

    def values(self) -> list[str]:
        """Those that it names, as far as it names any and is no general pattern."""
        alternatives = self.value.split("|") if "~" in self.op else [self.value]
        return [each for each in alternatives if _PLAIN.fullmatch(each) and "$" not in each]


@dataclass(frozen=True, kw_only=True)
class Selector:
    metric: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, kw_only=True)
class Expression:
    selectors: tuple[Selector, ...]
    labels: frozenset[str]  # that it groups or joins by
    rated: frozenset[str]  # metrics inside rate, increase and the like

    @property
    def metrics(self) -> set[str]:
        return {selector.metric for selector in self.selectors}


def read(text: str) -> Expression:
    tokens = [(match.lastgroup, match[0]) for match in _TOKEN.finditer(text) if match.lastgroup]
    selectors: list[Selector] = []
    labels: set[str] = set()
    rated: set[str] = set()
    for at, (kind, token) in enumerate(tokens):
        if kind != "name" or _is_inside(tokens, at):
            continue
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if token in _GROUPING and following == "(":
            labels |= {name for kind, name in _until(tokens, at + 2, ")") if kind == "name"}
        elif token not in _WORDS | _GROUPING and following not in ("(", "by", "without"):
            selectors.append(Selector(metric=token, matchers=tuple(_matchers(tokens, at + 1))))
            if _caller(tokens, at) in ("rate", "increase"):
                rated.add(token)
    return Expression(selectors=tuple(selectors), labels=frozenset(labels), rated=frozenset(rated))


Tokens = list[tuple[str | None, str]]


def _is_inside(tokens: Tokens, at: int) -> bool:
    """Of braces, or of the parentheses after `by` and its like."""
    for back in range(at - 1, -1, -1):
        token = tokens[back][1]
        if token in ("{", "}"):
            return token == "{"
        if token == ")":
            return False
        if token == "(":
            return back > 0 and tokens[back - 1][1] in _GROUPING
    return False


def _caller(tokens: Tokens, at: int) -> str:
    return tokens[at - 2][1] if at >= 2 and tokens[at - 1][1] == "(" else ""


def _matchers(tokens: Tokens, at: int) -> Iterator[Matcher]:
    if at >= len(tokens) or tokens[at][1] != "{":
        return
    inside = [token for token in _until(tokens, at + 1, "}") if token[1] != ","]
    for name, op, value in zip(inside[::3], inside[1::3], inside[2::3], strict=True):
        yield Matcher(label=name[1], op=op[1], value=value[1][1:-1])


def _until(tokens: Tokens, at: int, end: str) -> Iterator[tuple[str | None, str]]:
    while tokens[at][1] != end:
        yield tokens[at]
        at += 1
