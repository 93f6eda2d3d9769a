"""docs/api.md names every route of the API."""

from pathlib import Path

from fastapi.routing import iter_route_contexts

from functions.api import build_api
from functions.dependencies import Runtime
from shared.compose import open_services
from shared.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_every_route_stands_in_the_page() -> None:
    api = build_api(Runtime(Settings(), open_services))
    page = PAGE.read_text(encoding="utf-8")
    paths = {str(route.path).replace(":path}", "}") for route in iter_route_contexts(api.routes)}
    assert sorted(path for path in paths if f"{path}`" not in page) == []
