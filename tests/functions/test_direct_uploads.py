"""Uploads past us: with a ticket for the storage account, that the page is allowed to use."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from functions.api import build_api
from functions.dependencies import Runtime
from shared.blob_stores.azure_blob import AzureBlobStore
from shared.services import Services
from shared.settings import Settings, read_settings
from shared.telemetry.metrics import Metrics
from tests.functions.conftest import client, open_without_models
from tests.servers import azurite


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """The local profile, but for the uploads: they are in Azurite."""

    async def open_services(settings: Settings, metrics: Metrics) -> Services:
        local = await open_without_models(settings, metrics)
        await local.blobs.close()
        store = AzureBlobStore(account=azurite.account(), container=azurite.name_for(tmp_path))
        return replace(local, blobs=store)

    settings = read_settings(
        data=tmp_path / "rag", blob_store="azure_blob", azurewebjobsstorage=SecretStr(azurite.address())
    )
    runtime = Runtime(settings, open_services)
    yield runtime
    await runtime.close()


async def test_a_ticket_leads_into_the_container_without_a_token(ada: Any, services: Services) -> None:
    asked = await ada.http.post("/api/documents/uploads", json={"name": "x/ä #1?.md", "size": 5})
    ticket = asked.json()
    assert ticket["needs_token"] is False
    assert ticket["expires_in"] == 900
    async with httpx.AsyncClient() as nobody:
        sent = await nobody.request(
            ticket["method"], ticket["url"], headers=ticket["headers"], content=b"12345"
        )
    assert sent.status_code == 201
    stored = [piece async for piece in services.blobs.read(f"users/{ada.user_id}/x/ä #1?.md")]
    assert b"".join(stored) == b"12345"


async def test_the_page_may_send_to_where_its_tickets_lead(ada: Any, http: httpx.AsyncClient) -> None:
    asked = await ada.http.post("/api/documents/uploads", json={"name": "a.md", "size": 5})
    url = httpx.URL(asked.json()["url"])
    policy = (await http.get("/chat")).headers["content-security-policy"]
    assert f"; connect-src 'self' {url.scheme}://{url.host}:{url.port}; " in policy
    assert str(url.port) not in (await http.get("/api/health/live")).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"azurewebjobsstorage_accountname": "acme"}, "'self' https://acme.blob.core.windows.net"),
        (
            {
                "azurewebjobsstorage_blobserviceuri": "https://acme.blob.core.usgovcloudapi.net/",
                "azurewebjobsstorage_queueserviceuri": "https://acme.queue.core.usgovcloudapi.net/",
            },
            "'self' https://acme.blob.core.usgovcloudapi.net",
        ),
        ({"azurewebjobsstorage": SecretStr("secret:storage")}, "'self'"),
        (
            {
                "azurewebjobsstorage": SecretStr("secret:storage"),
                "azurewebjobsstorage_accountname": "acme",
            },
            "'self' https://acme.blob.core.windows.net",
        ),
        ({"azurewebjobsstorage_accountname": "acme", "blob_store": "folder"}, "'self'"),
    ],
)
async def test_the_page_may_send_to_the_account_of_the_settings(
    tmp_path: Path, given: dict[str, object], allowed: str
) -> None:
    settings = read_settings(**{"data": tmp_path, "blob_store": "azure_blob", **given})
    async with client(build_api(Runtime(settings, open_without_models))) as http:
        policy = (await http.get("/chat")).headers["content-security-policy"]
    assert f"; connect-src {allowed}; " in policy
