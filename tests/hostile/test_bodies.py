"""Bodies that mean two things, or nothing: refused, or read in the one way that there is."""

import gzip
import json
from collections.abc import Callable

import pytest

from tests.hostile.wire import Answer, request, talk
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

Kept = Callable[[Answer], Answer]
JSON = "application/json"
QUESTION = b'{"question": "how long?"}'
UNREADABLE = {
    "nothing": b"",
    "half of it": b'{"question": "cut',
    "two of them": QUESTION * 2,
    "NUL behind it": QUESTION + b"\x00",
    "not UTF-8": b'{"question": "\xff\xfe"}',
    "overlong UTF-8": b'{"question": "\xc0\xaf"}',
    "UTF-7": b"+AHsAIg-question+ACIAOg +ACI-?+ACIAfQ-",
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"messages":' * 80_000,
    "single quotes": b"{'question': 'how long?'}",
    "a comment": b'{"question": "how long?" /* a */}',
    "a lone surrogate": b'{"question": "\\ud800"}',
    "a number of 5,000 digits": b'{"question": "?", "top_k": ' + b"9" * 5000 + b"}",
    "a number without an end": b'{"question": "?", "top_k": 1e999}',
    "no number": b'{"question": "?", "top_k": NaN}',
    "a number as a word": b'{"question": "?", "top_k": "8"}',
    "a member of the prototype": b'{"question": "?", "__proto__": {"is_administrator": true}}',
    "the last of two": b'{"question": "how long?", "question": 5}',
}
OTHER_TYPES = (
    *("text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data"),
    *("application/xml", "application/jsonp", "text/json", "application/json, text/plain", "json", ""),
)


def post(host: RealHost, body: bytes, *headers: str, path: str = "/api/search") -> Answer:
    token = f"Authorization: {host.client.headers['Authorization']}"
    [answer] = talk(host.port, [request("POST", path, token, *headers, body=body)])
    return answer


@pytest.mark.parametrize("path", ["/api/search", "/api/chat"])  # of which the latter takes larger ones
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_is_no_question_is_refused(served: RealHost, kept: Kept, body: bytes, path: str) -> None:
    answer = kept(post(served, body, f"Content-Type: {JSON}", path=path))
    assert answer.status in (400, 413, 422)


@pytest.mark.parametrize("media_type", OTHER_TYPES)
def test_json_under_another_name_is_refused(served: RealHost, kept: Kept, media_type: str) -> None:
    """What a form of another site can send without asking first."""
    assert kept(post(served, QUESTION, f"Content-Type: {media_type}")).status in (400, 415, 422)


def test_json_without_a_name_is_refused(served: RealHost, kept: Kept) -> None:
    assert kept(post(served, QUESTION)).status == 422


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "latin-1", "shift_jis", "none"])
def test_a_charset_changes_nothing(served: RealHost, kept: Kept, charset: str) -> None:
    assert kept(post(served, QUESTION, f"Content-Type: {JSON}; charset={charset}")).status == 200


def test_the_last_of_two_members_counts(served: RealHost, kept: Kept) -> None:
    """One parser reads a body, so that nobody else can have understood the first."""
    body = b'{"question": 5, "question": "how long?"}'
    assert kept(post(served, body, f"Content-Type: {JSON}")).status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
@pytest.mark.parametrize("path", ["/api/search", "/api/auth/token", "/api/documents"])
def test_what_would_have_to_be_unpacked_is_refused(
    served: RealHost, kept: Kept, coding: str, path: str
) -> None:
    bomb = gzip.compress(json.dumps({"question": "a" * 2**24}).encode())
    answer = kept(post(served, bomb, f"Content-Type: {JSON}", f"Content-Encoding: {coding}", path=path))
    assert answer.status == 415
