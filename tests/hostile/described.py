"""The operations that a host describes, as these tests need them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.real_host import RealHost

_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Operation:
    method: str
    template: str
    parameters: tuple[str, ...]  # of the path
    queries: tuple[str, ...]
    media_type: str  # of its body; JSON where it takes none
    body: dict[str, Any] | None  # its schema
    is_public: bool

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def takes_files(self) -> bool:
        return self.media_type in ("application/octet-stream", "multipart/form-data")

    def path(self, value: str, known: Mapping[str, str] | None = None) -> str:
        """With this value for every parameter but those that are `known`."""
        path = self.template
        for name in self.parameters:
            path = path.replace("{" + name + "}", quoted((known or {}).get(name, value)))
        return path


def quoted(value: str) -> str:
    """For a path or a query, also what UTF-8 does not allow."""
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def operations(host: RealHost) -> list[Operation]:
    described: dict[str, Any] = host.client.get("/api/openapi.json").raise_for_status().json()
    return [
        _operation(method.upper(), path, operation, described["components"]["schemas"])
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def _operation(
    method: str, path: str, described: dict[str, Any], schemas: dict[str, dict[str, Any]]
) -> Operation:
    content = described.get("requestBody", {}).get("content", {})
    media_type, body = next(((name, told["schema"]) for name, told in content.items()), (_JSON, None))
    return Operation(
        method=method,
        template=path,
        parameters=tuple(_named("path", described)),
        queries=tuple(_named("query", described)),
        media_type=media_type,
        body=None if body is None else _resolved(body, schemas),
        is_public="security" not in described,
    )


def _named(place: str, described: dict[str, Any]) -> list[str]:
    return [each["name"] for each in described.get("parameters", ()) if each["in"] == place]


def _resolved(schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Without references, and without the null where something may be left out."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if options:
        return _resolved(options[0], schemas)
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    members = {name: _resolved(each, schemas) for name, each in schema.get("properties", {}).items()}
    items = {"items": _resolved(schema["items"], schemas)} if "items" in schema else {}
    return schema | {"properties": members} | items
