"""Every naughty string in every place of every operation, as a member that it does not know where it takes
none: never a fault of the server."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.hostile.described import Operation, operations, quoted
from tests.hostile.naughty_strings import NAUGHTY
from tests.hostile.wire import Answer
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(600)]

STRINGS = [string for strings in NAUGHTY.values() for string in strings]
FORM = "application/x-www-form-urlencoded"
Asked = tuple[str, bytes, str]  # target, body, what is sent as the request's id


def test_no_string_in_any_place_is_a_fault(served: RealHost, kept: Callable[[Answer], Answer]) -> None:
    known = real_ids(served)
    tried: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
    for operation in operations(served):
        served.sign_in()  # an operation may have ended the session
        for target, body, request_id in asked(operation, known):
            answer = answered(connection, served, operation, target, body, request_id)
            assert answer.status < 500, (operation, target, body, answer)
            kept(answer)
            tried[str(operation)] += 1
            statuses[answer.status] += 1
    connection.close()
    print(f"{len(STRINGS)} strings in {tried.total()} requests to {len(tried)} operations: {dict(statuses)}")
    assert min(tried.values()) >= 200


def real_ids(host: RealHost) -> dict[str, str]:
    """Of what there is, so that what is said about it is looked at."""
    conversation = host.client.post("/api/query", json={"question": "how long?"}).raise_for_status().json()
    return {
        "document_id": host.put("a.txt", "The pump runs for nine hours."),
        "conversation_id": conversation["conversation_id"],
        "name": host.client.get("/api/indexes").raise_for_status().json()["indexes"][0]["name"],
    }


def asked(operation: Operation, known: dict[str, str]) -> Iterator[Asked]:
    """In the path, in the query (one that it does not know, too) and in the body, each by itself."""
    real = operation.path("x", known)
    for string in STRINGS:
        if operation.parameters:
            yield operation.path(string), b"", string
        if operation.queries or not (operation.parameters or operation.body):
            query = "&".join(f"{name}={quoted(string)}" for name in (*operation.queries, quoted(string)))
            yield f"{real}?{query}", b"", string
        if operation.body is not None:
            yield real, body(operation, string), string


def body(operation: Operation, string: str) -> bytes:
    filled = with_string(operation.body or {}, string)
    if operation.media_type == FORM:
        return urlencode(filled, errors="surrogatepass").encode()
    if operation.takes_files:
        return string.encode("utf-8", "surrogatepass")
    return json.dumps(filled).encode()


def with_string(schema: dict[str, Any], string: str) -> Any:
    """A value of this schema with the string in every place that takes one."""
    kind = schema.get("type")
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if kind == "object":
        return {name: with_string(each, string) for name, each in schema["properties"].items()}
    if kind == "array":
        return [with_string(schema["items"], string)]
    return {"integer": schema.get("minimum", 1), "boolean": False}.get(str(kind), string)


def answered(
    connection: HTTPConnection,
    host: RealHost,
    operation: Operation,
    target: str,
    body: bytes,
    request_id: str,
) -> Answer:
    headers = {"Authorization": host.client.headers["Authorization"], "Content-Type": operation.media_type}
    if request_id.isprintable():
        headers["X-Request-Id"] = request_id.encode().decode("latin-1")
    try:
        connection.request(operation.method, target, body, headers)
        response = connection.getresponse()
    except (HTTPException, OSError):  # it was closed after the last answer: once more, on a new one
        connection.close()
        connection.request(operation.method, target, body, headers)
        response = connection.getresponse()
    told = [(name.lower(), value) for name, value in response.getheaders()]
    return Answer(status=response.status, headers=told, body=response.read())
