"""What holds for every route: tokens, problems, request ids, headers, sizes, logs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.responses import Response

from functions.api import build_api
from functions.dependencies import Runtime
from functions.edge import RequestEdge
from shared import errors
from shared.telemetry.metrics import Metrics
from tests.stand_ins.asgi_client import over

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
API_PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
PUBLIC = {
    *("register", "create_token", "revoke_token", "sign_in_options", "jwks"),
    *("live", "ready", "metrics", "openapi"),
    *("home", "chat_page", "web_file", "api_docs"),
}
BODIES = {
    "query": {"question": "?"},
    "search": {"question": "?"},
    "chat": {"messages": [{"role": "user", "content": "?"}]},
    "chat_stream": {"messages": [{"role": "user", "content": "?"}]},
    "create_completion": {"messages": [{"role": "user", "content": "?"}]},
    "rename_conversation": {"title": "t"},
    "give_feedback": {"conversation_id": "c", "request_id": "r", "rating": "up"},
    "create_upload": {"name": "a", "size": 1},
    "update_document": {"readers": []},
}


def routes(runtime: Runtime) -> list[APIRoute]:
    found = [route for route in build_api(runtime).routes if isinstance(route, APIRoute)]
    assert len(found) == len(build_api(runtime).routes)
    return found


async def test_every_route_but_the_public_ones_needs_a_token(
    runtime: Runtime, http: httpx.AsyncClient, refused: Refused
) -> None:
    for route in routes(runtime):
        if route.name not in PUBLIC:
            path = route.path_format.replace("{", "").replace("}", "")
            for method in route.methods or ():
                response = await http.request(method, path, json=BODIES.get(route.name))
                refused(response, 401, "not-authenticated")


def test_every_route_has_its_own_name_a_lowercase_path_and_a_line_in_the_page(runtime: Runtime) -> None:
    names = [route.name for route in routes(runtime)]
    assert len(names) == len(set(names))
    page = API_PAGE.read_text()
    for route in routes(runtime):
        assert route.operation_id == route.name
        assert route.path_format == route.path_format.lower()
        assert f"`{route.name}`" in page


@pytest.mark.parametrize("offered", ["abc-123", "0af7651916cd43dd8448eb211c80319c", "a.b:c_d"])
async def test_a_sane_request_id_is_kept(http: httpx.AsyncClient, offered: str) -> None:
    response = await http.get("/api/health/live", headers={"X-Request-Id": offered})
    assert response.headers["x-request-id"] == offered


@pytest.mark.parametrize("offered", ["", "a b", "a\tb", "x" * 101, "<script>", "é"])
async def test_any_other_request_id_is_replaced(http: httpx.AsyncClient, offered: str) -> None:
    response = await http.get("/api/health/live", headers=[(b"X-Request-Id", offered.encode())])
    assert len(response.headers["x-request-id"]) == 36


@pytest.mark.parametrize("path", ["/api/health/live", "/api/auth/me", "/nowhere", "/chat", "/chat/none", "/"])
async def test_every_response_carries_the_security_headers(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert ("permissions-policy" in headers) == path.startswith("/chat")


@pytest.mark.parametrize(
    ("hops", "scheme", "forwarded", "is_told"),
    [
        (0, "http", None, False),
        (0, "https", None, True),
        (0, "http", "https", False),
        (1, "http", None, False),
        (1, "http", "http", False),
        (1, "http", "https", True),
    ],
)
async def test_only_who_came_by_https_is_told_to_stay_there(
    hops: int, scheme: str, forwarded: str | None, is_told: bool
) -> None:
    headers = {"X-Forwarded-Proto": forwarded} if forwarded else {}
    async with over(RequestEdge(Response(), Metrics(), (), hops=hops)) as http:
        response = await http.get(f"{scheme}://test/", headers=headers)
    assert ("strict-transport-security" in response.headers) == is_told


async def test_a_refused_method_is_told_what_all_routes_of_the_path_take(http: httpx.AsyncClient) -> None:
    response = await http.put("/api/conversations/1")
    assert response.status_code == 405
    assert response.headers["allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/api/documents/", 405, "method-not-allowed"),  # the upload's path, without a name
        ("GET", "/API/health/live", 404, "not-found"),
        ("GET", "/a%00b", 400, "invalid-request"),
        ("GET", "/chat/a%0ab", 400, "invalid-request"),
        ("POST", "/api/health/live", 405, "method-not-allowed"),
        ("TRACE", "/chat", 405, "method-not-allowed"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    ada: Any, refused: Refused, method: str, path: str, status: int, name: str
) -> None:
    refused(await ada.http.request(method, path), status, name)


@pytest.mark.parametrize(
    ("error", "status", "name", "retry_after"),
    [
        (errors.InvalidRequest("why"), 400, "invalid-request", None),
        (errors.TooLarge("why"), 413, "too-large", None),
        (errors.UnsupportedType("why"), 415, "unsupported-type", None),
        (errors.NotAuthenticated("why"), 401, "not-authenticated", None),
        (errors.AccessDenied("why"), 403, "access-denied", None),
        (errors.NotFound("why"), 404, "not-found", None),
        (errors.Conflict("why"), 409, "conflict", None),
        (errors.RateLimited("why", retry_after=0.2), 429, "rate-limited", "1"),
        (errors.BackendUnavailable("why", retry_after=7.5), 503, "backend-unavailable", "8"),
        (errors.BackendTimeout("why"), 504, "backend-timeout", "5"),
        (type("NarrowConflict", (errors.Conflict,), {})("why"), 409, "conflict", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_every_error_has_its_problem(
    runtime: Runtime, refused: Refused, error: Exception, status: int, name: str, retry_after: str | None
) -> None:
    async with over(failing_api(runtime, error)) as http:
        response = await http.get("/fail")
    assert refused(response, status, name)["detail"] == "why"
    assert response.headers.get("retry-after") == retry_after


@pytest.mark.parametrize(
    "error", [ValueError("secret"), errors.ConfigError("secret"), ExceptionGroup("secret", [OSError()])]
)
async def test_what_nobody_foresaw_is_logged_and_not_told(
    runtime: Runtime, refused: Refused, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async with over(failing_api(runtime, error)) as http:
        response = await http.get("/fail")
    refused(response, 500, "internal-error")
    assert "secret" not in response.text
    [record] = [record for record in caplog.records if record.msg == "request_failed"]
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def failing_api(runtime: Runtime, error: Exception) -> Any:
    api = build_api(runtime)

    @api.get("/fail")
    async def fail() -> None:
        raise error

    return api
