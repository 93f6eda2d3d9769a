"""Probes and the API's description."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from functions.api import build_api
from functions.dependencies import Runtime
from shared.errors import BackendUnavailable, ConfigError
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.metrics import Metrics


async def unready(runtime: Runtime, open_services: Callable[[Settings], Any]) -> httpx.Response:
    broken = Runtime(runtime.settings, open_services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(broken)), base_url="http://test"
    ) as http:
        assert (await http.get("/api/health/live")).json() == {"status": "ok"}
        assert (await http.get("/api/metrics")).status_code == 200
        return await http.get("/api/health/ready")


async def test_a_healthy_process_is_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/health/live")).json() == {"status": "ok"}
    ready = await http.get("/api/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ok",
        "checks": {"metadata": "ok", "blobs": "ok", "queue": "ok", "search_index": "ok"},
    }


async def test_alive_does_not_open_the_services(runtime: Runtime, http: httpx.AsyncClient) -> None:
    await http.get("/api/health/live")
    await http.get("/chat")
    assert runtime._opening is None


async def test_services_that_do_not_open_make_it_unready_with_the_reason(runtime: Runtime) -> None:
    async def fail(settings: Settings, metrics: Metrics) -> Services:
        raise BackendUnavailable("metadata store unreachable")

    response = await unready(runtime, fail)
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"services": "metadata store unreachable"},
    }


async def test_the_probe_never_shows_a_setting(runtime: Runtime) -> None:
    async def fail(settings: Settings, metrics: Metrics) -> Services:
        raise ConfigError("OPENAI_BASE_URL: http://key@secret.host is not reachable")

    response = await unready(runtime, fail)
    assert response.status_code == 503
    assert "secret" not in response.text


@pytest.mark.slow
async def test_a_service_that_does_not_answer_is_given_up_after_two_seconds(runtime: Runtime) -> None:
    opened = asyncio.Event()

    async def hang(settings: Settings, metrics: Metrics) -> Services:
        await opened.wait()
        raise BackendUnavailable("too late")

    broken = Runtime(runtime.settings, hang)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_api(broken)), base_url="http://test"
    ) as http:
        response = await http.get("/api/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"services": "no answer within 2 s"}
    opened.set()
    waiting = broken._opening
    assert waiting is not None
    await asyncio.wait({waiting})
    assert isinstance(waiting.exception(), BackendUnavailable)


async def test_the_description_names_every_operation_after_its_function(
    runtime: Runtime, http: httpx.AsyncClient
) -> None:
    described = (await http.get("/api/openapi.json")).json()
    operations = {
        operation["operationId"] for methods in described["paths"].values() for operation in methods.values()
    }
    routes = [route for route in build_api(runtime).routes if isinstance(route, APIRoute)]
    assert operations == {route.name for route in routes if route.include_in_schema}


async def test_a_blob_store_that_is_away_is_named_and_leaves_questions_answered(
    runtime: Runtime, http: httpx.AsyncClient
) -> None:
    services = await runtime.services()

    class Away:
        async def ping(self) -> None:
            raise BackendUnavailable("the blob storage is unreachable")

        async def close(self) -> None:
            await services.blobs.close()

    async def without_blobs(settings: Settings, metrics: Metrics) -> Services:
        return replace(services, blobs=Away())  # type: ignore[arg-type]

    response = await unready(runtime, without_blobs)
    assert response.status_code == 200
    told = response.json()
    assert told["status"] == "degraded"
    assert told["checks"] == {
        "metadata": "ok",
        "blobs": "the blob storage is unreachable",
        "queue": "ok",
        "search_index": "ok",
    }
