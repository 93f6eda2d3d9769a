"""Azure's resource types as Azure/bicep-types-az has them: a list of numbered types per provider and version.

The folder lies beside the repository (shared/specs/bicep-types-az), or AZURE_TYPES names it. `TypeIndex.find`
gives the body of a resource type; checker.py and scope.py follow its references.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache, cached_property
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]


class Flag(IntFlag):
    REQUIRED = 1
    READ_ONLY = 2
    WRITE_ONLY = 4


class Scope(IntFlag):
    """Where a resource may be deployed; 31 stands for anywhere."""

    TENANT = 1
    MANAGEMENT_GROUP = 2
    SUBSCRIPTION = 4
    RESOURCE_GROUP = 8
    EXTENSION = 16


@dataclass(frozen=True, kw_only=True)
class Property:
    type: "AzureType"
    flags: Flag

    @property
    def required(self) -> bool:
        return bool(self.flags & Flag.REQUIRED) and not self.read_only

    @property
    def read_only(self) -> bool:
        return bool(self.flags & Flag.READ_ONLY)

    @property
    def write_only(self) -> bool:
        return bool(self.flags & Flag.WRITE_ONLY)


@dataclass(frozen=True, kw_only=True, eq=False)
class AzureType:
    node: Mapping[str, Any]
    table: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        return str(self.node["$type"]).removesuffix("Type")

    def follow(self, reference: Mapping[str, str]) -> "AzureType":
        return AzureType(node=self.table[int(reference["$ref"].removeprefix("#/"))], table=self.table)

    def _properties(self, of: Mapping[str, Any]) -> dict[str, Property]:
        return {
            name: Property(type=self.follow(each["type"]), flags=Flag(each["flags"] & 7))
            for name, each in of.items()
        }

    @cached_property
    def properties(self) -> dict[str, Property]:
        """An object's own, or those that every kind of a discriminated object shares."""
        return self._properties(self.node.get("properties") or self.node.get("baseProperties") or {})

    @cached_property
    def others(self) -> "AzureType | None":
        """What properties of any other name hold, where there may be such."""
        found = self.node.get("additionalProperties")
        return self.follow(found) if found else None

    @property
    def item(self) -> "AzureType":
        return self.follow(self.node["itemType"])

    @cached_property
    def members(self) -> tuple["AzureType", ...]:
        return tuple(map(self.follow, self.node["elements"]))

    @property
    def discriminator(self) -> str:
        return str(self.node["discriminator"])

    @cached_property
    def kinds(self) -> dict[str, "AzureType"]:
        """A discriminated object's kinds by the discriminator's value."""
        return {value: self.follow(each) for value, each in self.node["elements"].items()}

    def limit(self, name: str) -> Any:
        """minValue, maxValue, minLength, maxLength or pattern, where there is one."""
        return self.node.get(name)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    name: str  # as Azure spells it
    body: AzureType
    writable: Scope


class TypeIndex:
    def __init__(self, folder: Path) -> None:
        self._generated = folder / "generated"
        self._read = cache(self._resources)

    def find(self, kind: str, version: str) -> ResourceType | None:
        return self._read(kind.partition("/")[0].lower(), version.lower()).get(kind.lower())

    def versions(self, kind: str) -> list[str]:
        """The stored versions of a type: looked for only when the one asked for is not there."""
        wanted = re.compile(rf'"{re.escape(kind)}@([^"]+)"', re.IGNORECASE)
        files = self._generated.glob(f"*/{kind.partition('/')[0].lower()}/*/types.json")
        return sorted({found for path in files for found in wanted.findall(path.read_text())})

    def names(self, provider: str, version: str) -> list[str]:
        return [each.name for each in self._read(provider.lower(), version.lower()).values()]

    def _resources(self, provider: str, version: str) -> dict[str, ResourceType]:
        """One provider's version may be spread over several groups of files."""
        found = {}
        for path in sorted(self._generated.glob(f"*/{provider}/{version}/types.json")):
            table = json.loads(path.read_text())
            for node in table:
                if node["$type"] == "ResourceType":
                    name = node["name"].split("@")[0]
                    found[name.lower()] = ResourceType(
                        name=name,
                        body=AzureType(node=node, table=table).follow(node["body"]),
                        writable=Scope(node["writableScopes"]),
                    )
        return found


def types_folder() -> Path:
    given = os.environ.get("AZURE_TYPES")
    return Path(given) if given else REPOSITORY.parent / "shared" / "specs" / "bicep-types-az"
