"""The source of a document: the very bytes, never something a browser would run."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
BYTES = bytes(range(256)) * 8
SIZE = len(BYTES)


async def content_path(person: Any, name: str, content: bytes = BYTES) -> str:
    return f"/api/documents/{(await person.upload(name, content))['id']}/content"


async def test_the_bytes_come_back_with_their_type_and_name(ada: Any) -> None:
    response = await ada.http.get(await content_path(ada, "x/Ä b.pdf"))
    assert response.status_code == 200
    assert response.content == BYTES
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%84%20b.pdf"
    assert response.headers["content-length"] == str(SIZE)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["accept-ranges"] == "bytes"


KINDS = [
    ("a.html", "text/plain; charset=utf-8"),
    ("a.HTM", "text/plain; charset=utf-8"),
    ("a.svg", "text/plain; charset=utf-8"),
    ("a.xml", "text/plain; charset=utf-8"),
    ("a.xhtml", "text/plain; charset=utf-8"),
    ("a.txt", "text/plain; charset=utf-8"),
    ("a.md", "text/markdown; charset=utf-8"),
    ("a.csv", "text/csv; charset=utf-8"),
    ("a.json", "application/json"),
    ("a.js", "application/octet-stream"),
    ("a.swf", "application/octet-stream"),
    ("pdf", "application/octet-stream"),
    ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
]


async def test_nothing_is_served_as_something_a_browser_runs(ada: Any) -> None:
    for name, kind in KINDS:
        response = await ada.http.get(await content_path(ada, name))
        assert (name, response.headers["content-type"]) == (name, kind)


RANGES = [
    ("bytes=0-0", 0, 0),
    ("bytes=10-19", 10, 19),
    (f"bytes=2000-{SIZE + 500}", 2000, SIZE - 1),
    ("bytes=2000-", 2000, SIZE - 1),
    ("bytes=-5", SIZE - 5, SIZE - 1),
    (f"bytes=-{SIZE + 1}", 0, SIZE - 1),
]


async def test_a_range_is_served_alone(ada: Any) -> None:
    path = await content_path(ada, "a.pdf")
    for asked, first, last in RANGES:
        response = await ada.http.get(path, headers={"Range": asked})
        assert response.status_code == 206
        assert response.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
        assert response.headers["content-length"] == str(last - first + 1)
        assert response.content == BYTES[first : last + 1]


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=5-1", "bytes=-", "lines=1-2", "bytes=a-b", "bytes"]
)
async def test_what_is_no_single_range_gets_the_whole(ada: Any, asked: str) -> None:
    response = await ada.http.get(await content_path(ada, "a.pdf"), headers={"Range": asked})
    assert (response.status_code, response.content) == (200, BYTES)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
async def test_a_range_outside_of_the_file_is_refused(ada: Any, refused: Refused, asked: str) -> None:
    response = await ada.http.get(await content_path(ada, "a.pdf"), headers={"Range": asked})
    refused(response, 416, "range-not-satisfiable")
    assert response.headers["content-range"] == f"bytes */{SIZE}"


async def test_what_the_caller_has_already_is_not_sent_again(ada: Any) -> None:
    path = await content_path(ada, "a.pdf")
    etag = (await ada.http.get(path)).headers["etag"]
    again = await ada.http.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_range_of_another_state_of_the_file_gets_the_whole(ada: Any) -> None:
    path = await content_path(ada, "a.pdf")
    etag = (await ada.http.get(path)).headers["etag"]
    same = await ada.http.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})
    other = await ada.http.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_a_reader_gets_the_content_too(ada: Any, bob: Any, refused: Refused) -> None:
    path = await content_path(ada, "a.pdf")
    refused(await bob.http.get(path), 404, "not-found")
    await ada.http.patch(path.removesuffix("/content"), json={"readers": [bob.email]})
    assert (await bob.http.get(path)).content == BYTES
