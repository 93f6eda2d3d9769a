"""What the real worker indexes is what the API has: every route a function, nothing else but the triggers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Match

from functions.api import build_api
from functions.dependencies import Runtime
from shared.compose import open_services
from shared.settings import Settings

if TYPE_CHECKING:
    from tests.worker.functions_host import FunctionsHost

ROOT = Path(__file__).parents[2]
TRIGGERS = {"ingest_blob", "ingest_event", "ingest_poison", "fill_index", "fill_poison", "reconcile"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(start_host: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator["FunctionsHost"]:
    with start_host(ROOT, RAG_DATA=str(tmp_path_factory.mktemp("data"))) as (host, _):
        yield host


@pytest.fixture(scope="module")
def api() -> FastAPI:
    return build_api(Runtime(Settings(), open_services))


def routes_of(api: FastAPI) -> list[RouteContext]:
    return list(iter_route_contexts(api.routes))


def test_every_route_is_a_function_and_every_http_function_a_route(
    host: "FunctionsHost", api: FastAPI
) -> None:
    functions = {
        name: (function.trigger["route"], function.trigger["methods"])
        for name, function in host.functions.items()
        if function.trigger["type"] == "httpTrigger"
    }
    routes = {
        route.name: (re.sub(r"\{(\w+):path}", r"{*\1}", str(route.path))[1:], sorted(route.methods or ()))
        for route in routes_of(api)
    }
    assert functions == routes
    assert len(routes) == len(routes_of(api)) > 25


def test_an_http_function_is_open_to_the_api_which_checks_who_calls(host: "FunctionsHost") -> None:
    for function in host.functions.values():
        if function.trigger["type"] == "httpTrigger":
            assert function.trigger["authLevel"].lower() == "anonymous"
            assert [binding["type"] for binding in function.bindings] == ["httpTrigger", "http"]


def test_the_host_chooses_the_function_of_the_operation_that_answers(
    host: "FunctionsHost", api: FastAPI
) -> None:
    from tests.worker.front_door import FrontDoor

    door = FrontDoor(host, route_prefix="")
    chosen, answering = {}, {}
    for route in routes_of(api):
        path = re.sub(r"\{\w+:path}", "a/b.txt", str(route.path))
        path = re.sub(r"\{\w+}", "0a1b", path)
        for method in sorted(route.methods or ()):
            match = door.match(method, path)
            chosen[method, path] = match and match[0]
            answering[method, path] = _answering(api, method, path)
    door.close()
    assert chosen == answering


def test_the_triggers_are_there_with_their_bindings(host: "FunctionsHost") -> None:
    found = {
        name: {key: value for key, value in function.trigger.items() if key not in ("name", "direction")}
        for name, function in host.functions.items()
        if function.trigger["type"] != "httpTrigger"
    }
    storage = {"connection": "AzureWebJobsStorage"}
    schedule = found["reconcile"].pop("schedule")
    assert found == {
        "ingest_blob": {
            "type": "blobTrigger", "path": "uploads/{name}", "source": "EventGrid", **storage
        },
        "ingest_event": {"type": "queueTrigger", "queueName": "ingest-events", **storage},
        "ingest_poison": {"type": "queueTrigger", "queueName": "ingest-events-poison", **storage},
        "fill_index": {"type": "queueTrigger", "queueName": "index-fills", **storage},
        "fill_poison": {"type": "queueTrigger", "queueName": "index-fills-poison", **storage},
        "reconcile": {"type": "timerTrigger", "runOnStartup": False},
    }  # fmt: skip
    assert len(schedule.split()) == 6  # with seconds, as the host wants it


def test_the_blob_trigger_can_be_switched_off(start_host: Any, tmp_path: Path) -> None:
    with start_host(ROOT, RAG_DATA=str(tmp_path), RAG_BLOB_TRIGGER="false") as (host, _):
        assert {*host.functions} & TRIGGERS == TRIGGERS - {"ingest_blob"}


def test_a_wrong_setting_stops_the_start_with_its_name(start_host: Any) -> None:
    from tests.worker.functions_host import WorkerFailed

    with pytest.raises(WorkerFailed, match="RAG_NONSENSE"), start_host(ROOT, RAG_NONSENSE="1"):
        pass


def _answering(api: FastAPI, method: str, path: str) -> str | None:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    matching = (route for route in api.routes if route.matches(scope)[0] is Match.FULL)
    return getattr(next(matching, None), "name", None)
