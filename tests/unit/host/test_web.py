"""The socket's errors in plain words, what pages of other origins may read, and who wakes the queues."""

import httpx
import pytest
from starlette.responses import Response

from host.options import HostError
from host.web import listen, wrap


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(HostError, match=f"port {port} is taken.*--port"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(HostError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_a_free_port_can_be_asked_for() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


async def test_pages_of_other_origins_may_read_the_limits() -> None:
    api = wrap(Response(), only_probes=False, cors_origins=("https://app",), wrote=lambda: None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://host") as client:
        answer = await client.get("/", headers={"Origin": "https://app"})
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert {"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} < exposed


@pytest.mark.parametrize("only_probes", [True, False])
async def test_what_the_host_answers_itself_is_as_well_guarded(only_probes: bool) -> None:
    api = wrap(Response(), only_probes=only_probes, cors_origins=("https://app",), wrote=lambda: None)
    asks = {"Origin": "https://evil", "Access-Control-Request-Method": "POST"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://host") as client:
        answer = await client.options("/api/query", headers=asks)
    assert answer.status_code == (404 if only_probes else 400)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("POST", "/api/documents", 202, 1),
        ("POST", "/api/documents", 503, 0),
        ("DELETE", "/api/documents/1", 404, 0),
        ("GET", "/api/documents", 200, 0),
        ("POST", "/api/query", 200, 0),
        ("POST", "/api/v1/chat/completions", 200, 0),
    ],
)
async def test_the_queues_are_looked_at_after_requests_that_may_have_written(
    method: str, path: str, status: int, told: int
) -> None:
    wrote: list[None] = []
    api = wrap(
        Response(status_code=status), only_probes=False, cors_origins=(), wrote=lambda: wrote.append(None)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://host") as http:
        await http.request(method, path)
    assert len(wrote) == told
