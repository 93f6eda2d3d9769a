"""How one may sign in, told before anybody has: registration, and the tenant for the page."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.api import build_api
from functions.dependencies import Runtime
from shared.errors import ConfigError
from shared.settings import read_settings
from tests.functions.conftest import client, open_without_models
from tests.planted import planted

TENANT = {"entra_tenant_id": "0e0e0e0e-0000-4000-8000-000000000001", "entra_audience": "api://rag"}
PAGE = {"entra_client_id": "0c0c0c0c-0000-4000-8000-000000000002"}
ELSEWHERE = {"entra_authority": "https://login.example.com/"}
PASSWORD = planted("password")


async def answers_of(data: Path, **given: object) -> tuple[dict[str, Any], str]:
    """What an empty host says, and the page's policy."""
    runtime = Runtime(read_settings(**{"data": data, **given}), open_without_models)
    async with client(build_api(runtime)) as http:
        options = await http.get("/api/auth/options")
        policy = (await http.get("/chat")).headers["content-security-policy"]
    await runtime.close()
    assert options.status_code == 200, options.text
    return options.json(), policy


async def test_a_new_host_lets_everybody_register_and_knows_no_tenant(http: httpx.AsyncClient) -> None:
    options = await http.get("/api/auth/options")
    assert options.json() == {"registration": "open", "entra": None}


async def test_closed_registration_is_open_to_the_first_account_alone(tmp_path: Path) -> None:
    runtime = Runtime(read_settings(data=tmp_path, registration="closed"), open_without_models)
    async with client(build_api(runtime)) as http:
        before = (await http.get("/api/auth/options")).json()
        account = {"email": "ada@example.com", "password": PASSWORD}
        assert (await http.post("/api/auth/register", json=account)).status_code == 201
        after = (await http.get("/api/auth/options")).json()
    await runtime.close()
    assert (before["registration"], after["registration"]) == ("open", "closed")


async def test_where_a_tenant_signs_in_closed_means_closed(tmp_path: Path) -> None:
    options, _ = await answers_of(tmp_path, registration="closed", **TENANT)
    assert options == {"registration": "closed", "entra": None}  # the tenant is the API's, no page's


@pytest.mark.parametrize(
    ("given", "authority", "origin"),
    [
        ({}, "https://login.microsoftonline.com", "https://login.microsoftonline.com"),
        (ELSEWHERE, "https://login.example.com", "https://login.example.com"),
        (
            {"entra_authority": "https://127.0.0.1:8443/path"},
            "https://127.0.0.1:8443/path",
            "https://127.0.0.1:8443",
        ),
    ],
)
async def test_the_page_is_told_where_to_sign_in_and_may_fetch_tokens_there(
    tmp_path: Path, given: dict[str, str], authority: str, origin: str
) -> None:
    options, policy = await answers_of(tmp_path, **TENANT, **PAGE, **given)
    assert options["entra"] == {
        "authority": f"{authority}/{TENANT['entra_tenant_id']}",
        "client_id": PAGE["entra_client_id"],
        "scope": "openid profile offline_access api://rag/.default",
    }
    assert f"; connect-src 'self' {origin}; " in policy


async def test_without_a_client_id_the_page_calls_nobody_else(tmp_path: Path) -> None:
    _, policy = await answers_of(tmp_path, **TENANT)
    assert "; connect-src 'self'; " in policy


def test_a_client_id_without_a_tenant_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ENTRA_CLIENT_ID needs ENTRA_TENANT_ID"):
        read_settings(data=tmp_path, **PAGE)
