"""What loadJsonContent() and loadYamlContent() read, as values. Called by inference.py."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.infra.bicep import tree
from tests.infra.bicep.tree import Literal, Value


@cache
def load(path: Path, line: int) -> Value | None:
    """JSON is YAML."""
    return _value(yaml.safe_load(path.read_text()), line) if path.is_file() else None


def _value(content: Any, line: int) -> Value:
    if isinstance(content, dict):
        pairs = [(Literal(value=name, line=line), _value(each, line)) for name, each in content.items()]
        return tree.Object(entries=tuple(tree.Entry(key=key, value=each) for key, each in pairs), line=line)
    if isinstance(content, list):
        return tree.Array(items=tuple(_value(each, line) for each in content), line=line)
    return Literal(value=content, line=line)
