"""Requests that are none, or are two things to two readers: refused as problems, and nothing is smuggled."""

from collections.abc import Callable

import pytest

from tests.hostile.wire import Answer, request, talk
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

Kept = Callable[[Answer], Answer]

LIVE = "/api/health/live"
QUIET = request("GET", LIVE)
JSON = "Content-Type: application/json"
SMUGGLED = request("GET", "/api/metrics")
CHUNKED = ("Transfer-Encoding: chunked", JSON)


def chunked(*chunks: bytes) -> bytes:
    return request("POST", "/api/auth/register", *CHUNKED) + b"".join(chunks)


NO_REQUESTS = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "a version there is none of": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "a lower-case method": request("get", LIVE),
    "a method nobody knows": request("HACK", LIVE),
    "a method of 10 kB": request("G" * 10_000, LIVE),
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "a space in the target": request("GET", "/a b"),
    "a target beyond ASCII": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target that is no path": request("GET", "api/health/live"),
    "a header without a colon": request("GET", LIVE, "Nonsense"),
    "a space before the colon": request("POST", LIVE, "Content-Length : 5", body=b"hello"),
    "a folded header": request("GET", LIVE, "X-A: b\r\n c: d"),
    "NUL in a header": request("GET", LIVE, "X-A: b\x00c"),
    "CR in a header": request("GET", LIVE, "X-A: b\rSet-Cookie: a=b"),
    "a header's name with a line break": b"GET / HTTP/1.1\r\nHost: a\r\nX\nY: b\r\n\r\n",
    "no host": request("GET", LIVE, host=None),
    "two hosts": request("GET", LIVE, "Host: evil.example"),
    "201 headers": request("GET", LIVE, *(f"X-{number}: a" for number in range(200))),
    "10,000 headers": request("GET", LIVE, *(f"X-{number}: a" for number in range(10_000))),
    "a header of 1 MB": request("GET", LIVE, f"X-A: {'a' * 2**20}"),
    "a header of 1 MB that does not end": request("GET", LIVE, f"X-A: {'a' * 2**20}")[:-4],
    "a target of 1 MB": request("GET", "/" + "a" * 2**20),
    "1 MB of line breaks": b"\r\n" * 2**19,
    "a negative length": request("POST", LIVE, "Content-Length: -1"),
    "a length with a sign": request("POST", LIVE, "Content-Length: +5", body=b"hello"),
    "a length in hexadecimal": request("POST", LIVE, "Content-Length: 0x5", body=b"hello"),
    "a length past all counting": request("POST", LIVE, f"Content-Length: {'9' * 40}"),
    "two lengths": request("POST", LIVE, "Content-Length: 5", "Content-Length: 6", body=b"hello"),
    "two lengths in one": request("POST", LIVE, "Content-Length: 5, 6", body=b"hello"),
    "a length and chunks": request("POST", LIVE, "Content-Length: 4", *CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks and a length": request("POST", LIVE, *CHUNKED, "Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED),
    "an encoding nobody knows": request("POST", LIVE, "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "chunks that are not last": request("POST", LIVE, "Transfer-Encoding: chunked, x", body=b"0\r\n\r\n"),
    "an encoding behind a tab": request("POST", LIVE, "Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n"),
    "a chunk's size that is none": chunked(b"zz\r\nhello\r\n0\r\n\r\n"),
    "a negative chunk": chunked(b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk past all counting": chunked(b"f" * 20 + b"\r\nhello"),
    "a chunk longer than it says": chunked(b"3\r\nhello\r\n0\r\n\r\n"),
    "chunks ended by a line feed": chunked(b"5\nhello\n0\n\n"),
    "trailers of 1 MB": chunked(b"2\r\n{}\r\n0\r\n", b"X-A: " + b"a" * 2**20),
    "a chunk's extension of 1 MB": chunked(b"2;" + b"a" * 2**20 + b"\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("sent", NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_what_is_no_request_is_refused_and_the_connection_ends(
    served: RealHost, kept: Kept, sent: bytes
) -> None:
    [answer] = talk(served.port, [sent], wants=2)  # the second would be what was smuggled in
    assert kept(answer).status in (400, 431)
    assert answer.header("connection") == "close"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("TRACE", LIVE), 405),
        (request("PROPFIND", LIVE), 405),
        (request("OPTIONS", "*"), 404),
        (request("GET", "//evil.example/chat"), 404),
        (request("GET", "http://evil.example/api/health/live"), 200),
        (request("GET", LIVE, host="evil.example"), 200),
        (request("GET", LIVE, "X-Forwarded-Host: evil.example", "X-Original-URL: /api/metrics"), 200),
        (request("GET", LIVE, "X-HTTP-Method-Override: DELETE"), 200),
        (request("GET", "/", host="evil.example"), 307),
        (request("GET", LIVE, "Upgrade: websocket", "Connection: Upgrade"), 200),
        (request("GET", LIVE, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"), 200),
        (b"GET /api/health/live HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_only_looks_dangerous_is_answered_as_what_it_is(
    served: RealHost, kept: Kept, sent: bytes, status: int
) -> None:
    [answer] = talk(served.port, [sent])
    assert kept(answer).status == status
    assert "evil.example" not in f"{answer.headers}{answer.body!r}"


@pytest.mark.parametrize("offered", ["a%0d%0aSet-Cookie: a=b", "a\tb", '{"event": "audit"}', "\u202eabc"])
def test_a_request_id_cannot_split_an_answer_or_a_log_line(
    served: RealHost, kept: Kept, offered: str
) -> None:
    header = f"X-Request-Id: {offered}".encode().decode("latin-1")
    [answer] = talk(served.port, [request("GET", "/nowhere", header)])
    assert offered not in (kept(answer).header("x-request-id") or "")
    assert offered not in served.text()


def test_requests_in_one_packet_are_answered_in_their_order(served: RealHost, kept: Kept) -> None:
    answers = talk(served.port, [QUIET + request("GET", "/nowhere") + QUIET], wants=3)
    assert [kept(answer).status for answer in answers] == [200, 404, 200]


def test_what_follows_a_request_and_is_none_ends_the_connection(served: RealHost, kept: Kept) -> None:
    [answer] = talk(served.port, [QUIET + b"nonsense\r\n\r\n"], wants=2)
    assert kept(answer).status == 200
    assert answer.header("connection") == "close"


def test_a_trailer_is_no_header(served: RealHost, kept: Kept) -> None:
    token = served.client.headers["Authorization"]
    head = request("POST", "/api/search", *CHUNKED, "Trailer: Authorization")
    body = '11\r\n{"question": "?"}\r\n'
    [answer] = talk(served.port, [head, f"{body}0\r\nAuthorization: {token}\r\n\r\n".encode()])
    assert kept(answer).status == 401


@pytest.mark.parametrize("size", [10, 10**9])
def test_who_asks_before_sending_is_told_before_sending(served: RealHost, kept: Kept, size: int) -> None:
    head = request("POST", "/api/auth/register", "Expect: 100-continue", f"Content-Length: {size}", JSON)
    answers = talk(served.port, [head, b"x" * 10 if size == 10 else b""])
    assert [answer.status for answer in answers] == ([100, 422] if size == 10 else [413])
    kept(answers[-1])


def test_a_body_shorter_than_it_says_is_waited_for_and_given_up(served: RealHost, kept: Kept) -> None:
    [answer] = talk(served.port, [request("POST", "/api/search", JSON, "Content-Length: 50", body=b"{}")])
    assert kept(answer).status == 408
