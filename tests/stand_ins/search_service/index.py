"""One index of the stand-in: its documents, which show after a delay, and batches of actions on them."""

import re
import threading
import time
from collections import deque
from typing import Any

from tests.stand_ins.search_service.analysis import analyze
from tests.stand_ins.search_service.errors import Refused

MAX_ACTIONS = 1_000
_KEY = re.compile(r"[A-Za-z0-9_\-=]{1,1024}")
_ACTIONS = ("upload", "merge", "mergeOrUpload", "delete")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "Edm.String": str,
    "Edm.Int32": int,
    "Edm.Int64": int,
    "Edm.Double": (int, float),
    "Edm.Boolean": bool,
}


class Stored:
    """A document as searching needs it: never changed, only replaced."""

    def __init__(self, document: dict[str, Any], index: "Index") -> None:
        self.document = document
        self.terms = {
            name: analyze(document.get(name) or "", index.definition, field.get("analyzer") or "standard")
            for name, field in index.fields.items()
            if field.get("searchable") and field["type"] == "Edm.String"
        }


class Index:
    def __init__(self, definition: dict[str, Any], *, visible_after: float) -> None:
        self.definition = definition
        self.fields = {field["name"]: field for field in definition["fields"]}
        keys = [name for name, field in self.fields.items() if field.get("key")]
        if len(keys) != 1:
            raise Refused(400, "an index has exactly one key field")
        self.key = keys[0]
        self.visible_after = visible_after
        self._lock = threading.Lock()
        self._documents: dict[str, dict[str, Any]] = {}
        self._visible: dict[str, Stored] = {}
        self._coming: deque[tuple[float, str, Stored | None]] = deque()

    def visible(self) -> list[Stored]:
        """As of now, in the order of their first writing."""
        with self._lock:
            while self._coming and self._coming[0][0] <= time.monotonic():
                _, key, stored = self._coming.popleft()
                if stored is None:
                    self._visible.pop(key, None)
                else:
                    self._visible[key] = stored
            return list(self._visible.values())

    def act(self, actions: list[dict[str, Any]], failures: dict[str, list[int]]) -> list[dict[str, Any]]:
        """Results per action. `failures`: statuses that the next actions on a key are answered with."""
        if not actions:
            raise Refused(400, "The request is invalid: no indexing actions found")
        if len(actions) > MAX_ACTIONS:
            raise Refused(400, f"a batch has at most {MAX_ACTIONS} actions, this one has {len(actions)}")
        for action in actions:
            self._check(action)
        with self._lock:
            return [self._act(action, failures) for action in actions]

    def _check(self, action: dict[str, Any]) -> None:
        """What makes the service refuse the whole batch."""
        kind = action.get("@search.action", "upload")
        if kind not in _ACTIONS:
            raise Refused(400, f"{kind!r} is no action")
        key = action.get(self.key)
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key.startswith("_"):
            raise Refused(400, f"Invalid document key: '{key}'")
        for name, value in action.items():
            if name == "@search.action":
                continue
            if name not in self.fields:
                raise Refused(400, f"The property '{name}' does not exist on the type of the index")
            if value is not None:
                self._check_value(self.fields[name], value)

    def _check_value(self, field: dict[str, Any], value: Any) -> None:
        name, kind = field["name"], field["type"]
        if not kind.startswith("Collection("):
            is_fit = isinstance(value, _TYPES[kind]) and (
                kind == "Edm.Boolean" or not isinstance(value, bool)
            )
        elif kind == "Collection(Edm.Single)":
            is_fit = isinstance(value, list) and all(isinstance(one, int | float) for one in value)
            if is_fit and len(value) != field["dimensions"]:
                raise Refused(
                    400,
                    f"The vector field '{name}', with dimension '{field['dimensions']}', expects a length of "
                    f"'{field['dimensions']}'. The provided vector has a length of '{len(value)}'.",
                )
        else:
            is_fit = isinstance(value, list) and all(isinstance(one, _TYPES[kind[11:-1]]) for one in value)
        if not is_fit:
            raise Refused(400, f"Cannot convert the value of '{name}' to {kind}")

    def _act(self, action: dict[str, Any], failures: dict[str, list[int]]) -> dict[str, Any]:
        key, kind = action[self.key], action.get("@search.action", "upload")
        if failures.get(key):
            return _result(key, failures[key].pop(0), "told to fail")
        fields = {name: value for name, value in action.items() if name != "@search.action"}
        old = self._documents.get(key)
        if kind == "delete":
            if old is not None:
                del self._documents[key]
                self._show(key, None)
            return _result(key, 200)
        if kind == "merge" and old is None:
            return _result(key, 404, "Document not found.")
        new = {**(old or {}), **fields} if kind.startswith("merge") else fields
        self._documents[key] = new
        self._show(key, Stored(new, self))
        return _result(key, 201 if old is None else 200)

    def _show(self, key: str, stored: Stored | None) -> None:
        self._coming.append((time.monotonic() + self.visible_after, key, stored))


def _result(key: str, status: int, message: str | None = None) -> dict[str, Any]:
    return {"key": key, "status": status < 300, "errorMessage": message, "statusCode": status}
