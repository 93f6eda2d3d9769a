"""Direct uploads: a link lets one file in, for a while, and nothing out."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from uuid import uuid4

import httpx
import jwt
import pytest
from aiohttp import connector
from azure.core.credentials import AccessToken

from shared.azure_storage import StorageAccount, storage_account
from shared.blob_stores.azure_blob import AzureBlobStore
from shared.domain import DirectUpload
from shared.errors import InvalidRequest
from tests.servers import azurite
from tests.stand_ins import tls

OBJECT_ID = str(uuid4())


class Identity:
    """Tokens as Azurite checks them: everything but the signature."""

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        now = int(time.time())
        claims = {"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/tenant/", "iat": now}
        claims |= {"nbf": now - 60, "exp": now + 3600, "oid": OBJECT_ID, "tid": str(uuid4())}
        return AccessToken(jwt.encode(claims, "k" * 32), now + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@pytest.fixture(scope="module")
def keyless() -> StorageAccount:
    """An account that wants tokens, and so TLS."""
    pem = tls.trusted() / "server.pem"
    # aiohttp has read the trusted authorities when it was imported.
    connector._SSL_CONTEXT_VERIFIED.load_verify_locations(tls.trusted() / "ca.pem")
    keyed = storage_account(
        connection_string=azurite.run(
            "--oauth", "basic", "--cert", str(pem), "--key", str(pem), scheme="https"
        )
    )
    return replace(keyed, key=None, identity=Identity())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AzureBlobStore]:
    store = AzureBlobStore(account=azurite.account(), container=azurite.name_for(tmp_path))
    yield store
    await store.close()


@pytest.fixture
async def keyless_store(keyless: StorageAccount, tmp_path: Path) -> AsyncIterator[AzureBlobStore]:
    store = AzureBlobStore(account=keyless, container=azurite.name_for(tmp_path))
    yield store
    await store.close()


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as browser:
        yield browser


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def content_of(store: AzureBlobStore, name: str) -> bytes:
    return b"".join([piece async for piece in store.read(name)])


async def put(
    browser: httpx.AsyncClient, door: DirectUpload, content: bytes = b"new", url: str | None = None
) -> httpx.Response:
    return await browser.put(url or door.url, headers=dict(door.headers), content=content)


@pytest.mark.parametrize("name", ["a.md", "users/u/ä #1?%25&=+.md", "shared/🦊/x.pdf"])
async def test_a_link_takes_one_put_new_or_in_place_of_the_old(
    store: AzureBlobStore, browser: httpx.AsyncClient, name: str
) -> None:
    door = await store.direct_upload(name, expires_in=900)
    for content in (b"first", b"second"):
        sent = await put(browser, door, content)
        assert sent.status_code == 201, sent.text
        assert await content_of(store, name) == content
        found = await store.head(name)
        assert found is not None
        assert sent.headers["etag"].strip('"') == found.etag


async def test_a_link_shows_nothing_and_changes_nothing_else(
    store: AzureBlobStore, browser: httpx.AsyncClient
) -> None:
    door = await store.direct_upload("a.md", expires_in=900)
    assert (await put(browser, door)).status_code == 201
    for method in ("GET", "HEAD", "DELETE"):
        assert (await browser.request(method, door.url)).status_code == 403
    other = door.url.replace("/a.md?", "/b.md?")
    assert (await put(browser, door, url=other)).status_code == 403
    listing = door.url.replace("/a.md?", "?restype=container&comp=list&")
    assert (await browser.get(listing)).status_code == 403
    assert await content_of(store, "a.md") == b"new"
    assert await store.head("b.md") is None


async def test_a_link_expires(store: AzureBlobStore, browser: httpx.AsyncClient) -> None:
    door = await store.direct_upload("a.md", expires_in=-60)
    assert (await put(browser, door)).status_code == 403
    assert await store.head("a.md") is None


async def test_only_names_of_uploads_have_a_door(store: AzureBlobStore) -> None:
    for name in ("../a", "", ".hidden", "a//b"):
        with pytest.raises(InvalidRequest):
            await store.direct_upload(name, expires_in=900)


async def link(store: AzureBlobStore, expires_in: float = 900) -> httpx.URL:
    return httpx.URL((await store.direct_upload("a", expires_in=expires_in)).url)


async def test_an_identity_signs_with_a_key_that_the_service_lends_it(keyless_store: AzureBlobStore) -> None:
    """What the link lets in cannot be tried: Azurite signs by older rules than the SDK."""
    stored = await keyless_store.put("a", pieces(b"x" * 3_000_000), max_size=3_000_000)
    assert [blob async for blob in keyless_store.list()] == [stored]
    url = await link(keyless_store)
    assert url.scheme == "https"
    assert (url.params["spr"], url.params["sp"], url.params["sr"]) == ("https", "cw", "b")
    assert url.params["skoid"] == OBJECT_ID
    assert url.params["se"] <= url.params["ske"]


async def test_a_lent_key_is_kept_while_it_lasts(keyless_store: AzureBlobStore) -> None:
    links = [await link(keyless_store, seconds) for seconds in (900, 3600, 7 * 3600, 900)]
    first, again, longer, last = (url.params["ske"] for url in links)
    assert first == again
    assert longer > first
    assert last == longer
