"""A host as the place where files go, over its API: `rag ingest --url`. Used by `cli.ingest`.

It tells no etag of a file. None is needed: what is put is queued from that moment on, so that a document that
is indexed or has failed is so with what was put last.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from cli.client import check
from cli.errors import CommandError, UnreachableError
from shared.domain import BlobProperties, Document, DocumentStatus
from shared.errors import BackendUnavailable, InvalidRequest, NotFound
from shared.ingest.documents import display_name, document_id, own_folder

_ETAG = "the host's"
_FEW = 20  # documents that are asked for one by one
_PAGE = 500
_UPLOADING = httpx.Timeout(30.0, read=120.0, write=120.0)  # seconds


class RemoteLibrary:
    """Files below one folder: its documents are listed when many are asked for. Names are those of blobs.

    Errors: `BackendUnavailable` while the host or something behind it is away, `InvalidRequest` for what it
    refuses, with its reason.
    """

    def __init__(self, client: httpx.AsyncClient, *, folder: str) -> None:
        self._client, self._folder = client, folder

    async def head(self, name: str) -> BlobProperties | None:
        found = (await self.documents([document_id(name)])).get(document_id(name))
        if found is None:
            return None
        return BlobProperties(name=name, etag=_ETAG, size=found.size, modified_at=found.updated_at)

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties:  # noqa: ARG002 it knows
        path = f"/api/documents/{quote(display_name(name))}"
        await self._asked("PUT", path, content=content)
        return BlobProperties(name=name, etag=_ETAG, size=0, modified_at=0.0)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        path = f"/api/documents/{document_id(name)}/content"
        try:
            async with self._client.stream("GET", path) as response:
                if not response.is_success:  # it may be changed by this person, and not be read
                    raise NotFound(f"{response.status_code}")
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.TransportError as error:
            raise BackendUnavailable(f"{self._client.base_url}: {error}") from error

    async def delete(self, name: str) -> bool:
        return await self._asked("DELETE", f"/api/documents/{document_id(name)}") is not None

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        if len(document_ids) > _FEW:
            listed = {each["id"]: each async for each in self._listed()}
            return {each: _document(listed[each]) for each in document_ids if each in listed}
        asked = {each: await self._asked("GET", f"/api/documents/{each}") for each in document_ids}
        return {each: _document(found.json()) for each, found in asked.items() if found is not None}

    async def count_documents(self) -> dict[DocumentStatus, int]:
        told = await self._asked("GET", "/api/documents/summary")
        counts = {} if told is None else told.json()["documents"]
        return {status: counts.get(status, 0) for status in DocumentStatus}

    async def _listed(self) -> AsyncIterator[dict[str, Any]]:
        after: str | None = None
        while True:
            query = {"limit": str(_PAGE), "prefix": self._folder} | ({"after": after} if after else {})
            told = await self._asked("GET", "/api/documents", params=query)
            page = {"documents": [], "next": None} if told is None else told.json()
            for each in page["documents"]:
                yield each
            if (after := page["next"]) is None:
                return

    async def _asked(self, method: str, path: str, **given: Any) -> httpx.Response | None:
        """None: there is no such thing."""
        try:
            response = await self._client.request(method, path, **given)
            return None if response.status_code == httpx.codes.NOT_FOUND else check(response)
        except (httpx.TransportError, UnreachableError) as error:
            raise BackendUnavailable(f"{self._client.base_url}: {error or type(error).__name__}") from error
        except CommandError as error:
            raise InvalidRequest(str(error)) from error


def own_or_common(client: httpx.Client, under: str | None) -> str:
    """The folder that is meant, as it lies in the container: one's own, unless a common one is named."""
    if under is not None and under.split("/")[0] in ("shared", "organisations", "users"):
        return under
    own = own_folder(check(client.get("/api/auth/me")).json()["user_id"])
    return f"{own}{under or ''}"


@asynccontextmanager
async def opened_library(
    client: httpx.Client, folder: str
) -> AsyncGenerator[tuple["RemoteLibrary", "RemoteLibrary"], None]:
    """As the container and the records of what is in it. `client` is whose session is used."""
    async with httpx.AsyncClient(base_url=client.base_url, auth=client.auth, timeout=_UPLOADING) as own:
        library = RemoteLibrary(own, folder=display_name(f"{folder.strip('/')}/"))
        yield library, library


def _document(told: dict[str, Any]) -> Document:
    """Of what the API tells, what following it takes."""
    return Document(
        id=told["id"],
        name=told["name"],
        owner_id=None,
        readers=frozenset(),
        status=DocumentStatus(told["status"]),
        reason=told["reason"],
        etag=_ETAG,
        size=told["size"],
        pages=told["pages"],
        page_kind=told["page_kind"],
        chunks=told["chunks"],
    )
