"""What `AzureBlobStore` says when the account is not there, or does not let it."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.azure_storage import StorageAccount
from shared.blob_stores.azure_blob import AzureBlobStore
from shared.errors import BackendUnavailable
from tests.servers import azurite
from tests.servers.process import free_port

WRONG_KEY = "d3Jvbmc="


@asynccontextmanager
async def opened(account: StorageAccount, container: str = "uploads") -> AsyncIterator[AzureBlobStore]:
    store = AzureBlobStore(account=account, container=container)
    try:
        yield store
    finally:
        await store.close()


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def failures(store: AzureBlobStore) -> AsyncIterator[BackendUnavailable]:
    """What each method says when none gets through."""
    with pytest.raises(BackendUnavailable) as raised:
        await store.ping()
    yield raised.value
    with pytest.raises(BackendUnavailable) as raised:
        await store.head("a")
    yield raised.value
    with pytest.raises(BackendUnavailable) as raised:
        await store.put("a", pieces(b"x"), max_size=9)
    yield raised.value
    with pytest.raises(BackendUnavailable) as raised:
        await store.put("a", pieces(bytes(2_000_000)), max_size=9_000_000)
    yield raised.value
    with pytest.raises(BackendUnavailable) as raised:
        await anext(store.list())
    yield raised.value
    with pytest.raises(BackendUnavailable) as raised:
        async with store.local_copy("a"):
            pass
    yield raised.value


async def test_a_wrong_key_is_said_with_the_setting_and_never_shown() -> None:
    async with opened(replace(azurite.account(), key=WRONG_KEY)) as store:
        async for error in failures(store):
            assert "refuses access" in str(error)
            assert "AzureWebJobsStorage" in str(error)
            assert WRONG_KEY not in str(error)
            assert error.retry_after == 60


async def test_an_account_out_of_reach_is_said_before_the_patience_ends() -> None:
    account = replace(azurite.account(), blob_url=f"http://127.0.0.1:{free_port()}/acme")
    async with opened(account) as store:
        started = time.monotonic()
        with pytest.raises(BackendUnavailable, match="out of reach; check AzureWebJobsStorage"):
            await store.head("a")
        assert time.monotonic() - started < 15


Answer = Callable[[BaseHTTPRequestHandler, dict[str, str]], tuple[int, dict[str, str], str]]


@contextmanager
def answering(answer: Answer) -> Iterator[StorageAccount]:
    """An account behind a server that answers every request as told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            status, headers, body = answer(self, query)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_PUT = do_HEAD = do_DELETE = respond

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}/acme"
        yield StorageAccount(name="acme", blob_url=url, queue_url=url, key=WRONG_KEY)
        server.shutdown()
        serving.join()


PROPERTIES = {
    "ETag": '"0x1"',
    "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT",
    "x-ms-blob-type": "BlockBlob",
}


async def test_who_may_not_make_the_container_uses_the_one_that_is_there() -> None:
    def answer(request: BaseHTTPRequestHandler, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if query.get("restype") == "container" and request.command == "PUT":
            return 403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}, ""
        return 200, PROPERTIES, ""

    with answering(answer) as account:
        async with opened(account) as store:
            found = await store.head("a")
    assert found is not None
    assert (found.etag, found.size) == ("0x1", 0)


async def test_a_missing_role_is_named() -> None:
    def answer(request: BaseHTTPRequestHandler, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        return 403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}, ""

    with answering(answer) as account:
        async with opened(account) as store:
            async for error in failures(store):
                assert "Storage Blob Data Contributor" in str(error)


async def test_a_busy_account_is_asked_again_and_then_given_up() -> None:
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if query.get("restype") == "container":
            return 201, {}, ""
        asked.append(request.command)
        return 503, {"x-ms-error-code": "ServerBusy", "Retry-After": "7"}, ""

    with answering(answer) as account:
        async with opened(account) as store:
            with pytest.raises(BackendUnavailable, match="busy") as raised:
                await store.head("a")
    assert asked == ["HEAD"] * 3
    assert raised.value.retry_after == 7


async def test_a_listing_is_followed_over_all_its_pages() -> None:
    pages = [["a", "b"], [], ["c", "d"], ["e"]]
    markers: list[str] = []

    def answer(request: BaseHTTPRequestHandler, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if query.get("comp") != "list":
            return 201, {}, ""
        markers.append(query.get("marker", ""))
        page = int(query.get("marker", "0"))
        blobs = "".join(
            f"<Blob><Name>{name}</Name><Properties><Etag>0x{name}</Etag><Content-Length>3</Content-Length>"
            "<Last-Modified>Sun, 22 Nov 2026 10:00:00 GMT</Last-Modified><BlobType>BlockBlob</BlobType>"
            "</Properties></Blob>"
            for name in pages[page]
        )
        following = str(page + 1) if page + 1 < len(pages) else ""
        body = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x" '
            f'ContainerName="uploads"><Blobs>{blobs}</Blobs><NextMarker>{following}</NextMarker>'
            "</EnumerationResults>"
        )
        return 200, {"Content-Type": "application/xml"}, body

    with answering(answer) as account:
        async with opened(account) as store:
            found = [(blob.name, blob.etag, blob.size) async for blob in store.list()]
    assert found == [(name, f"0x{name}", 3) for name in "abcde"]
    assert markers == ["", "1", "2", "3"]


async def test_somebody_elses_404_does_not_read_as_a_deleted_blob() -> None:
    def answer(request: BaseHTTPRequestHandler, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        return 404, {"Content-Type": "text/html"}, "<h1>nothing here</h1>"

    with answering(answer) as account:
        async with opened(account) as store:
            async for error in failures(store):
                assert "check AzureWebJobsStorage" in str(error)
