"""The part of OData's filter language that the service documents for strings, numbers and collections.

`eq ne gt ge lt le`, `and or not`, parentheses, `field/any(x: …)`, `field/all(x: …)`,
`search.in(field, 'a,b', ',')`. Anything else is HTTP 400. Unsure of the real service: how it compares
strings (here: by code point).
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.stand_ins.search_service.errors import Refused

Document = Mapping[str, Any]
Test = Callable[[Document], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<sign>[(),:/]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse_filter(text: str, fields: Mapping[str, Mapping[str, Any]]) -> Test:
    """A test of documents. `fields` are the index's, by name."""
    parser = _Parser(_tokens(text), fields)
    test = parser.disjunction()
    if parser.at < len(parser.tokens):
        raise Refused(400, f"Invalid expression: unexpected {parser.tokens[parser.at][1]!r} in {text!r}")
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise Refused(400, f"Invalid expression: syntax error at position {at} in {text!r}")
        kind = found.lastgroup or ""
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, Mapping[str, Any]]) -> None:
        self.tokens = tokens
        self.at = 0
        self._fields = fields
        self._variables: dict[str, str] = {}  # of any and all: name to the type of an element

    def disjunction(self) -> Test:
        tests = [self._conjunction()]
        while self._takes("or"):
            tests.append(self._conjunction())
        return lambda document: any(test(document) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._term()]
        while self._takes("and"):
            tests.append(self._term())
        return lambda document: all(test(document) for test in tests)

    def _term(self) -> Test:
        if self._takes("not"):
            test = self._term()
            return lambda document: not test(document)
        if self._takes("("):
            test = self.disjunction()
            self._expect(")")
            return test
        if self._takes("search.in"):
            return self._search_in()
        kind, name = self._next()
        if kind != "word":
            raise Refused(400, f"Invalid expression: a field was expected, not {name!r}")
        if self._takes("/"):
            return self._quantifier(name)
        return self._comparison(name)

    def _search_in(self) -> Test:
        self._expect("(")
        name = self._next()[1]
        if self._type(name) != "Edm.String":
            raise Refused(400, f"search.in takes a string field, {name} is none")
        self._expect(",")
        values, delimiters = self._string(), " ,"
        if self._takes(","):
            delimiters = self._string()
        self._expect(")")
        wanted = set(re.split(f"[{re.escape(delimiters)}]", values)) if delimiters else {values}
        return lambda document: document.get(name) in wanted

    def _quantifier(self, name: str) -> Test:
        if not self._type(name).startswith("Collection("):
            raise Refused(400, f"{name} is no collection")
        is_any = self._next()[1]
        if is_any not in ("any", "all"):
            raise Refused(400, f"any or all was expected, not {is_any!r}")
        self._expect("(")
        if is_any == "any" and self._takes(")"):
            return lambda document: bool(document.get(name))
        variable = self._next()[1]
        self._expect(":")
        self._variables[variable] = self._type(name)[len("Collection(") : -1]
        test = self.disjunction()
        del self._variables[variable]
        self._expect(")")
        decide = any if is_any == "any" else all
        return lambda document: decide(test({**document, variable: one}) for one in document.get(name) or ())

    def _comparison(self, name: str) -> Test:
        type_ = self._type(name)
        word = self._next()[1]
        if word not in _COMPARISONS:
            raise Refused(400, f"Invalid expression: an operator was expected, not {word!r}")
        compare, value = _COMPARISONS[word], self._value()
        if value is not None and isinstance(value, str) != (type_ == "Edm.String"):
            raise Refused(400, f"{name} is of type {type_} and cannot be compared with {value!r}")

        def test(document: Document) -> bool:
            found = document.get(name)
            if found is None or value is None:
                return (found is value) if word == "eq" else word == "ne" and found is not value
            return compare(found, value)

        return test

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        raise Refused(400, f"Invalid expression: a value was expected, not {text!r}")

    def _string(self) -> str:
        value = self._value()
        if not isinstance(value, str):
            raise Refused(400, "Invalid expression: a string was expected")
        return value

    def _type(self, name: str) -> str:
        if name in self._variables:
            return self._variables[name]
        field = self._fields.get(name)
        if field is None:
            raise Refused(400, f"Could not find a property named '{name}' on the type of the index")
        if not field.get("filterable"):
            raise Refused(400, f"'{name}' is not a filterable field")
        return str(field["type"])

    def _next(self) -> tuple[str, str]:
        if self.at == len(self.tokens):
            raise Refused(400, "Invalid expression: it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _takes(self, word: str) -> bool:
        has = self.at < len(self.tokens) and self.tokens[self.at] in (("word", word), ("sign", word))
        self.at += has
        return has

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise Refused(400, f"Invalid expression: {sign!r} was expected")
