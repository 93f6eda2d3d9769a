"""The stand-in of Entra ID satisfies the SDK as it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential

from shared.auth.entra_keys import TenantKeys
from tests.stand_ins.entra_server import CLIENT_SECRET, EntraServer
from tests.stand_ins.entra_tenant import CLIENT_ID, IDENTITY, TENANT, Tenant, tokens_of
from tests.stand_ins.tls import trusted

ROOT = Path(__file__).parents[3]
VAULT = "https://vault.azure.net"
ADA = "ada00000-1111-4222-8333-444444444444"


@pytest.fixture
def entra(monkeypatch: pytest.MonkeyPatch) -> Iterator[EntraServer]:
    with EntraServer() as entra:
        for name, value in entra.environment.items():
            monkeypatch.setenv(name, value)
        yield entra


def claims_of(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("credential_type", [DefaultAzureCredential, ManagedIdentityCredential])
async def test_a_process_with_an_identity_gets_a_token(
    entra: EntraServer, credential_type: type[DefaultAzureCredential] | type[ManagedIdentityCredential]
) -> None:
    async with credential_type() as credential:
        token = await credential.get_token(f"{VAULT}/.default")
        await credential.get_token(f"{VAULT}/.default")
    claims = claims_of(token.token)
    assert (claims["aud"], claims["oid"], claims["idtyp"]) == (VAULT, IDENTITY, "app")
    assert entra.requests["identity"] == 1, "the SDK keeps the token"


async def test_a_wrong_header_gets_no_token(entra: EntraServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    async with ManagedIdentityCredential() as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token(f"{VAULT}/.default")


async def test_a_client_with_its_secret_gets_a_token(entra: EntraServer) -> None:
    async with ClientSecretCredential(
        TENANT, CLIENT_ID, CLIENT_SECRET, authority=entra.authority, disable_instance_discovery=True
    ) as credential:
        token = await credential.get_token(f"{VAULT}/.default")
    assert claims_of(token.token)["aud"] == VAULT


@pytest.mark.parametrize(
    ("tenant", "client", "secret", "code"),
    [
        (TENANT, CLIENT_ID, "wrong", "AADSTS7000215"),
        (TENANT, IDENTITY, CLIENT_SECRET, "AADSTS700016"),
        (IDENTITY, CLIENT_ID, CLIENT_SECRET, "AADSTS90002"),
    ],
    ids=["secret", "client", "tenant"],
)
async def test_a_wrong_client_is_told_why(
    entra: EntraServer, tenant: str, client: str, secret: str, code: str
) -> None:
    async with ClientSecretCredential(
        tenant, client, secret, authority=entra.authority, disable_instance_discovery=True
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match=code):
            await credential.get_token(f"{VAULT}/.default")


@pytest.mark.slow
async def test_it_runs_as_a_process_of_its_own_whose_tokens_are_accepted() -> None:
    trusted()
    command = [sys.executable, "-m", "tests.stand_ins.entra_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(6)]
        told = dict(line.split("=", 1) for line in lines)
        try:
            authority = told["ENTRA_AUTHORITY"]
            async with httpx.AsyncClient() as client:
                answer = await client.post(f"{authority}/stand-in/token", json={"oid": ADA, "groups": [ADA]})
                configuration = await client.get(
                    f"{authority}/{TENANT}/v2.0/.well-known/openid-configuration"
                )
            keys = TenantKeys(authority=authority, tenant_id=told["ENTRA_TENANT_ID"])
            assert configuration.json()["jwks_uri"] == f"{authority}/{TENANT}/discovery/v2.0/keys"
            tokens = tokens_of(Tenant(authority), keys=keys)
            assert (await tokens.verify(answer.json()["access_token"])).groups == {ADA}
            await keys.close()
        finally:
            process.terminate()
