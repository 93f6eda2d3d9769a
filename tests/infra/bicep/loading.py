"""What loadJsonContent() reads, as values. Called by inference.py."""

import json
from pathlib import Path
from typing import Any

from tests.infra.bicep import tree
from tests.infra.bicep.tree import Literal, Value


def load_json(path: Path, line: int) -> Value | None:
    return _from_json(json.loads(path.read_text()), line) if path.is_file() else None


def _from_json(content: Any, line: int) -> Value:
    if isinstance(content, dict):
        pairs = [(Literal(value=name, line=line), _from_json(each, line)) for name, each in content.items()]
        return tree.Object(entries=tuple(tree.Entry(key=key, value=each) for key, each in pairs), line=line)
    if isinstance(content, list):
        return tree.Array(items=tuple(_from_json(each, line) for each in content), line=line)
    return Literal(value=content, line=line)
