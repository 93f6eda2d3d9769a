"""Which of the keys that a tenant publishes are used."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from shared.auth.entra_keys import TenantKeys
from shared.errors import BackendUnavailable, ConfigError
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.entra_tenant import TENANT, SigningKey


@pytest.fixture
def entra() -> Iterator[EntraServer]:
    with EntraServer() as entra:
        yield entra


@pytest.fixture
async def keys(entra: EntraServer) -> AsyncIterator[TenantKeys]:
    keys = TenantKeys(authority=entra.authority, tenant_id=TENANT)
    yield keys
    await keys.close()


def filled(entra: EntraServer, size: int) -> bytes:
    return json.dumps({"keys": entra.published, "filler": "x" * size}).encode()


async def test_an_answer_of_more_than_a_mebibyte_is_given_up(entra: EntraServer, keys: TenantKeys) -> None:
    entra.body = filled(entra, 1024 * 1024)
    with pytest.raises(BackendUnavailable):
        await keys.find(entra.keys[0].id)


async def test_an_answer_of_less_is_read(entra: EntraServer, keys: TenantKeys) -> None:
    entra.body = filled(entra, 1023 * 1024)
    assert await keys.find(entra.keys[0].id)


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": None},
        {"kty": "EC"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"alg": "RS512"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"kid": ""},
        {"key_ops": []},
        {"key_ops": ["sign"]},
        {"key_ops": ["encrypt", "wrapKey"]},
        {"key_ops": "verify"},
        {"key_ops": [1]},
        {"n": "!"},
        {"n": ""},
        {"e": "Ag"},
        {"n": 7},
        {"issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {"issuer": f"https://login.microsoftonline.com/x{TENANT}/v2.0"},
        {"issuer": ""},
    ],
    ids=str,
)
async def test_a_key_for_something_else_is_not_used(
    entra: EntraServer, keys: TenantKeys, change: dict[str, Any]
) -> None:
    other = SigningKey().jwk()
    entra.published += [other, other | {"kid": "changed"} | change]
    assert await keys.find(other["kid"])
    assert await keys.find(change.get("kid", "changed")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "RS256"},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"x5t": "x", "x5c": ["MIIB"]},
    ],
    ids=str,
)
async def test_what_else_a_key_says_does_not_hinder(
    entra: EntraServer, keys: TenantKeys, change: dict[str, Any]
) -> None:
    other = SigningKey().jwk() | change
    entra.published.append(other)
    assert await keys.find(other["kid"])


@pytest.mark.parametrize("bits", [1024, 2047])
async def test_a_short_key_is_not_used(entra: EntraServer, keys: TenantKeys, bits: int) -> None:
    short = SigningKey(bits=bits)
    entra.published.append(short.jwk())
    assert await keys.find(short.id) is None
    assert await keys.find(entra.keys[0].id) is not None


@pytest.mark.parametrize("authority", ["login.microsoftonline.com", "http://login.microsoftonline.com", ""])
def test_an_authority_without_tls_stops_the_start(authority: str) -> None:
    with pytest.raises(ConfigError, match="ENTRA_AUTHORITY"):
        TenantKeys(authority=authority, tenant_id=TENANT)
