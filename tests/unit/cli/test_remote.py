"""A host as the place where `rag ingest --url` puts files: what it asks of the API, what errors become."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cli.bulk.remote import RemoteLibrary, own_or_common
from shared.domain import DocumentStatus
from shared.errors import BackendUnavailable, InvalidRequest, NotFound
from shared.ingest.documents import document_id

OWN = "users/u1/"


def document(name: str, status: str = "indexed") -> dict[str, Any]:
    known = {"reason": None, "size": 3, "pages": 1, "page_kind": "page", "chunks": 2}
    return {"id": document_id(f"{OWN}{name}"), "name": name, "status": status, **known}


class Api:
    """Knows 30 documents, and tells them 20 at a time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.known = [document(f"n/{number:02}.md") for number in range(30)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.raw_path.decode()}")
        path = request.url.path
        if self.status != httpx.codes.OK:
            return httpx.Response(self.status, json={"detail": "so it is"})
        if request.method == "PUT":
            return httpx.Response(202, json={"status": "queued"})
        if path == "/api/auth/me":
            return httpx.Response(200, json={"user_id": "u1"})
        if path == "/api/documents":
            start = int(request.url.params.get("after", "0"))
            following = str(start + 20) if start + 20 < len(self.known) else None
            return httpx.Response(200, json={"documents": self.known[start : start + 20], "next": following})
        if path.endswith("/content"):
            return httpx.Response(200, content=b"abc")
        found = [each for each in self.known if path.endswith(each["id"])]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def library(api: Api) -> AsyncIterator[RemoteLibrary]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://host") as client:
        yield RemoteLibrary(client, folder="n/")


async def pieces() -> AsyncIterator[bytes]:
    yield b"abc"


async def test_a_file_goes_where_its_owner_sees_it(api: Api, library: RemoteLibrary) -> None:
    await library.put(f"{OWN}n/a & b.md", pieces(), max_size=10)
    assert api.asked == ["PUT /api/documents/n/a%20%26%20b.md"]


async def test_few_documents_are_asked_for_one_by_one_and_many_are_listed(
    api: Api, library: RemoteLibrary
) -> None:
    few = [document_id(f"{OWN}n/0{number}.md") for number in (1, 2)] + ["unknown"]
    found = await library.documents(few)
    assert {each.status for each in found.values()} == {DocumentStatus.INDEXED}
    assert (list(found), len(api.asked)) == (few[:2], 3)
    api.asked.clear()
    many = [each["id"] for each in api.known]
    assert list(await library.documents(many)) == many
    assert api.asked == [
        "GET /api/documents?limit=500&prefix=n%2F",
        "GET /api/documents?limit=500&prefix=n%2F&after=20",
    ]


async def test_a_document_that_is_not_there_has_no_head_and_cannot_be_deleted(
    library: RemoteLibrary,
) -> None:
    assert await library.head(f"{OWN}n/none.md") is None
    assert not await library.delete(f"{OWN}n/none.md")
    head = await library.head(f"{OWN}n/01.md")
    assert head is not None
    assert head.size == 3
    assert b"".join([piece async for piece in library.read(f"{OWN}n/01.md")]) == b"abc"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, InvalidRequest), (403, InvalidRequest), (413, InvalidRequest), (503, BackendUnavailable)],
)
async def test_what_is_refused_and_what_is_away_are_told_apart(
    api: Api, library: RemoteLibrary, status: int, error: type[Exception]
) -> None:
    api.status = status
    with pytest.raises(error, match="so it is"):
        await library.put(f"{OWN}n/a.md", pieces(), max_size=10)


async def test_what_may_be_changed_and_not_read_is_as_if_it_were_not_there(
    api: Api, library: RemoteLibrary
) -> None:
    api.status = 403
    with pytest.raises(NotFound):
        await anext(library.read(f"{OWN}n/a.md"))


@pytest.mark.parametrize(
    ("under", "meant"),
    [
        (None, "users/u1/"),
        ("reports", "users/u1/reports"),
        ("shared/hr", "shared/hr"),
        ("organisations/o1", "organisations/o1"),
    ],
)
def test_files_go_into_ones_own_folder_unless_a_common_one_is_named(
    api: Api, under: str | None, meant: str
) -> None:
    with httpx.Client(transport=httpx.MockTransport(api), base_url="http://host") as client:
        assert own_or_common(client, under) == meant
