"""What a key vault holds, and its rules, without HTTP. Served by tests/stand_ins/key_vault.py.

Two facts are not in the service's reference: of an unknown name, its list of versions is said to be empty by
some and 404 by others (here 404 unless `lists_unknown`); and in what order a list is (here: by id).
"""

import re
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

PAGE = 25  # the service's own maximum
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


class Refused(Exception):
    def __init__(self, status: int, code: str, reason: str | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.reason = status, code, reason


@dataclass(kw_only=True)
class Version:
    value: str
    created: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    attributes: dict[str, Any] = field(default_factory=dict)  # enabled, nbf, exp

    def described(self, address: str) -> dict[str, Any]:
        times = {"created": self.created, "updated": self.created}
        attributes = {"enabled": True, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
        return {"id": f"{address}/{self.id}", "attributes": attributes | times | self.attributes}

    def shown(self, address: str) -> dict[str, Any]:
        return {"value": self.value, **self.described(address)}


class VaultContents:
    def __init__(self) -> None:
        self.secrets: dict[str, list[Version]] = {}  # the newest last
        self.deleted: set[str] = set()
        self.lists_unknown = False
        self.page = PAGE

    def add(self, name: str, value: str, *, age: float = 0.0, **attributes: Any) -> Version:
        """A new version, made `age` seconds ago."""
        version = Version(value=value, created=int(time.time() - age), attributes=attributes)
        self.secrets.setdefault(name, []).append(version)
        return version

    def versions(self, name: str, address: str, query: dict[str, str]) -> dict[str, Any]:
        if name not in self.secrets and not self.lists_unknown:
            raise Refused(404, "SecretNotFound")
        versions = sorted(self.secrets.get(name, []), key=lambda each: each.id)
        start = int(query.get("$skiptoken", "0"))
        end = start + min(self.page, int(query.get("maxresults", PAGE)))
        more = urlencode({"api-version": query["api-version"], "$skiptoken": end})
        return {
            "value": [each.described(address) for each in versions[start:end]],
            "nextLink": f"{address}/versions?{more}" if end < len(versions) else None,
        }

    def get(self, name: str, number: str, address: str) -> dict[str, Any]:
        version = self._find(name, number)
        if not version.attributes.get("enabled", True):
            raise Refused(403, "Forbidden", "SecretDisabled")
        return version.shown(address)

    def set(self, name: str, address: str, told: dict[str, Any]) -> dict[str, Any]:
        if name in self.deleted:
            raise Refused(409, "Conflict", "ObjectIsDeletedButRecoverable")
        if not isinstance(told.get("value"), str):
            raise Refused(400, "BadParameter")
        return self.add(name, told["value"], **(told.get("attributes") or {})).shown(address)

    def update(self, name: str, number: str, address: str, told: dict[str, Any]) -> dict[str, Any]:
        version = self._find(name, number)
        version.attributes |= told.get("attributes") or {}
        return version.described(address)

    def delete(self, name: str, address: str) -> dict[str, Any]:
        version = self._find(name, "")
        del self.secrets[name]
        self.deleted.add(name)
        return version.described(address)

    def _find(self, name: str, number: str) -> Version:
        """The newest where no number is given."""
        found = [each for each in self.secrets.get(name, []) if number in ("", each.id)]
        if not found:
            raise Refused(404, "SecretNotFound")
        return found[-1]


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(400, "BadParameter")
