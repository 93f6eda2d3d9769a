"""`rag documents …` against an API of a few answers: what it asks for and what it prints."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from cli import documents, library
from cli.commands import Host
from cli.errors import CommandError, WrongUseError

INDEXED = {"status": "indexed", "status_text": "indexed", "reason": None}
PARKED = {"status": "failed", "status_text": "failed (parked)", "reason": "parked after five attempts"}
WAITING = {"status": "parsing", "status_text": "waiting: the disk is full", "reason": "the disk is full"}
SUMMARY = {
    "documents": {"queued": 380, "indexed": 9590, "failed": 10},
    "parked": 7,
    "backlog": 400,
    "per_minute": 120.0,
    "expected_seconds": 200.0,
}


class Api:
    """Two pages of documents; remembers what it was sent."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] = dict(SUMMARY)
        self.posted: list[tuple[str, Any]] = []
        self.patched: list[tuple[str, Any]] = []
        self.tag: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "PATCH":
            self.patched.append((path, json.loads(request.content)))
            return httpx.Response(200, json=self.patched[-1][1])
        if request.method == "POST":
            self.posted.append((path, json.loads(request.content or "null")))
            return httpx.Response(202, json={"retried": 1234})
        if path == "/api/documents/summary":
            return httpx.Response(200, json=self.summary)
        self.tag = request.url.params.get("tag")
        is_second = request.url.params.get("after") == "more"
        listed = (
            [document("c.md", WAITING)]
            if is_second
            else [document("a.md"), document("b.md", PARKED, "2026", "hr")]
        )
        return httpx.Response(200, json={"documents": listed, "next": None if is_second else "more"})


def document(name: str, state: dict[str, str | None] = INDEXED, *tags: str) -> dict[str, Any]:
    return {
        "id": f"id-of-{name}",
        "name": name,
        "pages": 1,
        "page_kind": "page",
        "chunks": 2,
        "tags": list(tags),
        **state,
    }


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def client(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.MockTransport(api), base_url="http://test") as client:
        yield client


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    def said() -> list[str]:
        return capsys.readouterr().out.splitlines()

    return said


def test_the_list_shows_what_is_parked_and_what_waits_and_why(client: httpx.Client, said: Any) -> None:
    library.show_all(client)
    assert said() == [
        "indexed\ta.md\t1 page, 2 chunks\t",
        "failed (parked)\tb.md\tparked after five attempts\t#2026 #hr",
        "parsing\tc.md\twaiting: the disk is full\t",
    ]


def test_the_list_is_narrowed_by_a_tag(api: Api, client: httpx.Client, said: Any) -> None:
    library.show_all(client, {"tag": "hr", "status": None})
    assert (api.tag, len(said())) == ("hr", 3)
    library.show_all(client)
    assert api.tag is None


def test_a_tag_is_put_on_documents_and_taken_off_again(api: Api, client: httpx.Client, said: Any) -> None:
    library.tag_named(client, " HR", ["a.md", "c.md"], remove=False)
    assert api.patched == [(f"/api/documents/id-of-{name}.md", {"tags": ["hr"]}) for name in "ac"]
    assert said() == ["a.md: hr", "c.md: hr"]
    library.tag_named(client, "hr", ["b.md"], remove=True)
    assert api.patched[-1] == ("/api/documents/id-of-b.md", {"tags": ["2026"]})
    assert said() == ["b.md: 2026"]
    library.tag_named(client, "hr", ["a.md"], remove=True)
    assert said() == ["a.md: no tags"]


def test_a_name_that_is_not_there_stops_before_anything_is_tagged(api: Api, client: httpx.Client) -> None:
    with pytest.raises(CommandError, match="no document x"):
        library.tag_named(client, "hr", ["a.md", "x"], remove=False)
    assert api.patched == []


def test_documents_are_retried_by_name(api: Api, client: httpx.Client, said: Any) -> None:
    library.retry_named(client, ["b.md", "c.md"])
    assert [path for path, _ in api.posted] == [f"/api/documents/id-of-{name}.md/retry" for name in "bc"]
    assert said() == ["2 documents queued again"]


def test_a_name_that_is_not_there_stops_before_anything_is_retried(api: Api, client: httpx.Client) -> None:
    with pytest.raises(CommandError, match=r"no document b\.m;"):
        library.retry_named(client, ["a.md", "b.m"])
    assert api.posted == []


@pytest.mark.parametrize("parked_only", [True, False])
def test_whole_batches_are_one_request(api: Api, client: httpx.Client, said: Any, parked_only: bool) -> None:
    library.retry_failed(client, parked_only=parked_only)
    assert api.posted == [("/api/documents/retry", {"parked_only": parked_only})]
    assert said() == ["1,234 documents queued again"]


@pytest.mark.parametrize(
    ("names", "parked", "every"),
    [(None, False, False), ([], True, True), (["a"], True, False), (["a"], False, True)],
)
def test_a_retry_says_which_documents(names: list[str] | None, parked: bool, every: bool) -> None:
    with pytest.raises(WrongUseError, match="name documents to retry, or give --parked, or --all"):
        documents.retry(Host(), names, parked=parked, every=every)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "400 documents to do, 120 a minute: done in about 3 minutes"),
        ({"expected_seconds": 90.4}, "400 documents to do, 120 a minute: done in about 90 seconds"),
        ({"expected_seconds": 7200}, "400 documents to do, 120 a minute: done in about 2 hours"),
        (
            {"backlog": 1, "per_minute": 0.0, "expected_seconds": None},
            "1 document to do, 0 a minute: nothing moves",
        ),
        ({"backlog": 0, "expected_seconds": 0.0}, "nothing waits"),
    ],
)
def test_the_summary_tells_when_the_backlog_is_gone(
    api: Api, client: httpx.Client, said: Any, changed: dict[str, Any], line: str
) -> None:
    api.summary |= changed
    library.show_summary(client)
    assert said() == [
        "queued          380",
        "indexed       9,590",
        "failed           10  (7 parked)",
        line,
    ]


def test_an_administrator_is_told_of_the_queues(api: Api, client: httpx.Client, said: Any) -> None:
    api.summary |= {
        "queue": {"length": 402, "oldest_seconds": 150.2},
        "fills": {"length": 0, "oldest_seconds": 0.0},
    }
    library.show_summary(client)
    assert said()[-2:] == ["queue: 402 messages, the oldest for 3 minutes", "fills: 0 messages"]
