"""Pages of other origins: an exact list, and what everybody else's answers say."""

from collections.abc import Callable

import pytest

from tests.hostile.wire import Answer, request, talk
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

Kept = Callable[[Answer], Answer]
LISTED = "https://app.example.com"
OTHERS = (
    *(
        "https://app.example.com.evil.com",
        "https://evil.com/https://app.example.com",
        "https://appXexample.com",
    ),
    *(
        "https://evil-app.example.com",
        "https://app.example.com:8443",
        "http://app.example.com",
        "null",
        "*",
        "",
    ),
    *(
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com, https://evil.com",
        "file://",
    ),
    *(
        "https://app.example.com@evil.com",
        "https://app.example.com%60.evil.com",
        "https://sub.app.example.com",
    ),
)


def preflight(origin: str, *headers: str, method: str = "POST") -> bytes:
    asks = f"Access-Control-Request-Method: {method}"
    return request("OPTIONS", "/api/query", f"Origin: {origin}", asks, *headers)


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_is_told_nothing(served: RealHost, kept: Kept, origin: str) -> None:
    [asked] = talk(served.port, [preflight(origin)])
    [read] = talk(served.port, [request("GET", "/api/health/live", f"Origin: {origin}")])
    assert asked.status == 400
    for answer in (kept(asked), kept(read)):
        assert answer.header("access-control-allow-origin") is None
        assert "Origin" in (answer.header("vary") or "")


def test_a_listed_origin_is_told_that_it_may(served: RealHost, kept: Kept) -> None:
    [asked] = talk(served.port, [preflight(LISTED, "Access-Control-Request-Headers: authorization")])
    [read] = talk(served.port, [request("GET", "/api/health/live", f"Origin: {LISTED}")])
    assert asked.status == read.status == 200
    for answer in (kept(asked), kept(read)):
        assert answer.header("access-control-allow-origin") == LISTED
        assert answer.header("access-control-allow-credentials") is None
        assert "Origin" in (answer.header("vary") or "")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        *[("/chat", 200), ("/chat/app.js", 200), ("/chat/none.js", 404), ("/nowhere", 404), ("/", 307)],
        *[("/chat/..%2f..%2f..%2fetc%2fpasswd", 404), ("/chat/%2e%2e/%2e%2e/pyproject.toml", 404)],
        *[("/chat/..%5c..%5cpyproject.toml", 404), ("/chat/%c0%ae%c0%ae/a", 404), ("/chat/%00", 400)],
        *[("/chat//etc/passwd", 404), ("/chat/app.js%00.html", 400), ("/chat/a%0d%0aX-A:%20b", 400)],
        *[("/api/documents/..%2f..%2fa/content", 405), ("/api/health/live/../../auth/me", 404)],
        *[("/api/metrics", 200), ("/api/openapi.json", 200), ("/.well-known/jwks.json", 200)],
    ],
)
def test_every_answer_carries_the_security_headers(
    served: RealHost, kept: Kept, target: str, status: int
) -> None:
    [answer] = talk(served.port, [request("GET", target)])
    assert kept(answer).status == status
    assert (answer.header("permissions-policy") is not None) == target.startswith("/chat")
    assert answer.header("strict-transport-security") is None
