"""Definitions of indexes and aliases: created, changed, deleted, under ETags. No I/O; any thread.

Unsure of the real service: what it answers where an index and an alias would have one name, and where an
index is deleted that an alias points to (here 409). A new alias may take ten seconds to be known (here none).
"""

import itertools
import re
import threading
from collections.abc import Mapping
from typing import Any

from azure.search.documents.indexes.models import LexicalAnalyzerName

from tests.stand_ins.search_service.errors import Refused
from tests.stand_ins.search_service.index import Index

MAX_DIMENSIONS = 4096
_ANALYZERS = {one.value for one in LexicalAnalyzerName}
_NAME = re.compile(r"(?!.*--)[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?")


class Resources:
    def __init__(self, *, visible_after: float) -> None:
        self.visible_after = visible_after
        self._lock = threading.Lock()
        self._indexes: dict[str, Index] = {}
        self._aliases: dict[str, dict[str, Any]] = {}
        self._tags = itertools.count(1)

    def indexes(self) -> list[dict[str, Any]]:
        return [index.definition for index in self._indexes.values()]

    def aliases(self) -> list[dict[str, Any]]:
        return list(self._aliases.values())

    def index(self, name: str) -> Index:
        if name not in self._indexes:
            raise Refused(404, f"No index with the name '{name}' was found in the service.")
        return self._indexes[name]

    def index_or_alias(self, name: str) -> Index:
        """For requests on documents."""
        if name in self._aliases:
            name = self._aliases[name]["indexes"][0]
        return self.index(name)

    def alias(self, name: str) -> dict[str, Any]:
        if name not in self._aliases:
            raise Refused(404, f"No alias with the name '{name}' was found in the service.")
        return self._aliases[name]

    def put_index(self, name: str, body: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, Any]:
        _check_index(name, body)
        with self._lock:
            old = self._indexes.get(name)
            if name in self._aliases:
                raise Refused(409, f"'{name}' is the name of an alias")
            _check_match(old and old.definition, headers)
            tagged = {**body, "@odata.etag": self._tag()}
            if old is None:
                self._indexes[name] = Index(tagged, visible_after=self.visible_after)
                return 201, tagged
            if [f for f in tagged["fields"] if f in old.definition["fields"]] != old.definition["fields"]:
                raise Refused(400, "Existing field(s) cannot be changed or deleted.")
            old.definition = tagged
            return 200, tagged

    def delete_index(self, name: str, headers: Mapping[str, str]) -> None:
        with self._lock:
            _check_match(self.index(name).definition, headers)
            if any(name in alias["indexes"] for alias in self._aliases.values()):
                raise Refused(409, f"The index '{name}' is the target of an alias.")
            del self._indexes[name]

    def put_alias(self, name: str, body: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, Any]:
        targets = body.get("indexes")
        if not _NAME.fullmatch(name) or not isinstance(targets, list) or len(targets) != 1:
            raise Refused(400, "An alias has a valid name and exactly one index.")
        with self._lock:
            old = self._aliases.get(name)
            if name in self._indexes:
                raise Refused(409, f"'{name}' is the name of an index")
            _check_match(old, headers)
            self.index(targets[0])
            self._aliases[name] = {**body, "name": name, "@odata.etag": self._tag()}
            return (201 if old is None else 200), self._aliases[name]

    def delete_alias(self, name: str, headers: Mapping[str, str]) -> None:
        with self._lock:
            _check_match(self.alias(name), headers)
            del self._aliases[name]

    def _tag(self) -> str:
        return f'"0x{next(self._tags):08X}"'


def _check_match(old: Mapping[str, Any] | None, headers: Mapping[str, str]) -> None:
    wanted, unwanted = headers.get("If-Match"), headers.get("If-None-Match")
    tag = None if old is None else old["@odata.etag"]
    is_missed = wanted is not None and (tag is None or wanted not in ("*", tag))
    is_taken = unwanted is not None and tag is not None and unwanted in ("*", tag)
    if is_missed or is_taken:
        raise Refused(412, "The precondition given in one of the request headers evaluated to false.")


def _check_index(name: str, body: dict[str, Any]) -> None:
    if not _NAME.fullmatch(name) or body.get("name") != name:
        raise Refused(400, "Index names are lower-case letters, digits and single dashes.")
    vectors = body.get("vectorSearch") or {}
    profiles = {one["name"]: one for one in vectors.get("profiles") or ()}
    algorithms = {one["name"] for one in vectors.get("algorithms") or ()}
    compressions = {one["name"] for one in vectors.get("compressions") or ()}
    for profile in profiles.values():
        if profile["algorithm"] not in algorithms or profile.get("compression") not in {None, *compressions}:
            raise Refused(400, f"The profile '{profile['name']}' names what is not defined")
    for field in body.get("fields") or ():
        if field["type"] == "Collection(Edm.Single)":
            if not 2 <= field.get("dimensions", 0) <= MAX_DIMENSIONS:
                raise Refused(400, f"A vector has 2 to {MAX_DIMENSIONS} dimensions.")
            if field.get("vectorSearchProfile") not in profiles:
                raise Refused(400, f"The vector field '{field['name']}' needs a profile")
    _check_analyzers(body)


def _check_analyzers(body: dict[str, Any]) -> None:
    custom = {one["name"]: one for one in body.get("analyzers") or ()}
    char_filters = {one["name"] for one in body.get("charFilters") or ()}
    for field in body["fields"]:
        name = field.get("analyzer")
        if name is not None and name not in _ANALYZERS and name not in custom:
            raise Refused(400, f"The analyzer '{name}' is not defined")
    for one in custom.values():
        if unknown := set(one.get("charFilters") or ()) - char_filters:
            raise Refused(400, f"The char filter '{unknown.pop()}' is not defined")
