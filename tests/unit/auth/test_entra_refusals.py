"""Tokens of a tenant of Entra ID: everything that is off by one thing is refused, and alike."""

import base64
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from shared.errors import NotAuthenticated
from tests.stand_ins.entra_tenant import AUDIENCE, IDENTITY, TENANT, KnownKeys, SigningKey, Tenant, tokens_of

AUTHORITY = "https://login.microsoftonline.com"
ADA = "ada00000-1111-4222-8333-444444444444"
PUMPS = "9a9a9a9a-0000-4000-8000-000000000001"
OTHER_TENANT = "99999999-2222-4333-8444-555555555555"
ENTRA = Tenant(AUTHORITY)
NOW = int(time.time())
REFUSAL = "the access token is not valid; sign in again"


async def refuse(token: str) -> list[str]:
    """The ids of the keys that were looked for."""
    keys = KnownKeys(ENTRA)
    with pytest.raises(NotAuthenticated) as refused:
        await tokens_of(ENTRA, keys=keys).verify(token)
    assert str(refused.value) == REFUSAL
    return keys.asked


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, claims: Any) -> str:
    """With the tenant's key, whatever the two parts say."""
    content = f"{segment(header)}.{segment(claims)}"
    algorithm = jwt.get_algorithm_by_name("RS256")
    return f"{content}.{segment(algorithm.sign(content.encode(), ENTRA.keys[-1].private))}"


def parts() -> tuple[dict[str, Any], dict[str, Any]]:
    token = ENTRA.token(oid=ADA)
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("claim", ["iss", "tid", "aud", "exp", "nbf", "iat", "oid", "sub", "scp"])
async def test_a_missing_claim_is_refused(claim: str) -> None:
    header, claims = parts()
    assert await tokens_of(ENTRA).verify(signed(header, claims))
    await refuse(signed(header, {name: value for name, value in claims.items() if name != claim}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": f"{AUTHORITY}/{OTHER_TENANT}/v2.0"},
        {"iss": f"{AUTHORITY}/{OTHER_TENANT}/v2.0", "tid": OTHER_TENANT},
        {"tid": OTHER_TENANT},
        {"tid": TENANT.upper()},
        {"iss": f"{AUTHORITY}/{TENANT}/v2.0/"},
        {"iss": f"{AUTHORITY}/{TENANT}"},
        {"iss": f"https://evil.example/{TENANT}/v2.0"},
        {"iss": f"https://sts.windows.net/{TENANT}"},
        {"aud": "somebody else"},
        {"aud": [AUDIENCE]},
        {"aud": AUDIENCE.removeprefix("api://")},
        {"aud": AUDIENCE + "/"},
        {"exp": NOW - 61},
        {"exp": str(NOW + 900)},
        {"exp": NOW + 900.5},
        {"exp": True},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"nbf": str(NOW)},
        {"iat": NOW + 3600},
        {"oid": "ada"},
        {"oid": uuid4().hex},
        {"oid": ADA.upper()},
        {"oid": f"{ADA}/../{IDENTITY}"},
        {"oid": f"{ADA}\n"},
        {"oid": 7},
        {"sub": 7},
        {"sub": ""},
        {"sub": [ADA]},
        {"scp": ""},
        {"scp": " "},
        {"scp": ["access_as_user"]},
        {"scp": "", "roles": ["administrator"]},  # an ID token, or an app's without `idtyp`
        {"scp": "", "idtyp": "app"},  # an app that nobody gave a role
        {"roles": "administrator"},
        {"roles": [1]},
        {"groups": PUMPS},
        {"groups": [1]},
        {"groups": {PUMPS: True}},
        {"_claim_names": ["groups"]},
        {"preferred_username": ["ada@example.org"]},
    ],
    ids="+".join,
)
async def test_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    header, right = parts()
    await refuse(signed(header, right | claims))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "jwt"},
        {"typ": "id_token"},
        {"typ": None},
        {"alg": "rs256"},
        {"alg": ["RS256"]},
        {"alg": "RS512"},
        {"alg": None},
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": ["k"]},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/keys"},
        {"x5c": ["MIIB"]},
        {"jwk": SigningKey().jwk()},
        {"crit": ["b64"], "b64": False},
    ],
    ids="+".join,
)
async def test_a_wrong_header_is_refused_before_any_key_is_looked_for(header: dict[str, Any]) -> None:
    right, claims = parts()
    assert await tokens_of(ENTRA).verify(signed(right, claims))
    assert await refuse(signed(right | header, claims)) == []


async def test_an_access_token_may_be_called_one() -> None:
    header, claims = parts()
    assert await tokens_of(ENTRA).verify(signed(header | {"typ": "at+jwt"}, claims))


async def test_an_unknown_key_is_refused() -> None:
    await refuse(ENTRA.token(oid=ADA, header={"kid": "../../keys"}))


async def test_a_key_of_the_tokens_own_is_refused() -> None:
    own = SigningKey()
    _, claims = parts()
    for key_id in (own.id, ENTRA.keys[-1].id):
        header = {"kid": key_id, "jwk": own.jwk()}
        await refuse(jwt.encode(claims, own.private, "RS256", headers=header))
        await refuse(jwt.encode(claims, own.private, "RS256", headers={"kid": key_id}))


async def test_another_algorithm_is_refused() -> None:
    header, claims = parts()
    await refuse(f"{segment(header | {'alg': 'none'})}.{segment(claims)}.")
    await refuse(f"{segment(header | {'alg': 'none'})}.{segment(claims)}.{segment(b'x')}")
    public = ENTRA.keys[-1].private.public_key()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        secret = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        confused = f"{segment(header | {'alg': 'HS256'})}.{segment(claims)}"
        await refuse(f"{confused}.{segment(hmac.digest(secret, confused.encode(), 'sha256'))}")
    pss = jwt.encode(claims, ENTRA.keys[-1].private, "PS256", headers={"kid": header["kid"]})
    await refuse(pss)


@pytest.mark.parametrize(
    "repeated",
    [b'"oid":"%b"' % IDENTITY.encode(), b'"nested":{"a":1,"a":2}', b'"exp":NaN', b'"x":Infinity'],
    ids=["oid", "nested", "NaN", "Infinity"],
)
async def test_claims_that_can_be_read_in_two_ways_are_refused(repeated: bytes) -> None:
    header, claims = parts()
    await refuse(signed(header, json.dumps(claims).encode()[:-1] + b"," + repeated + b"}"))


async def test_a_header_that_names_a_member_twice_is_refused() -> None:
    header, claims = parts()
    await refuse(signed(json.dumps(header).encode()[:-1] + b',"alg":"RS256"}', claims))


@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"', b"{", b"\xff", b"[" * 9000, b"1" * 5000])
async def test_parts_that_are_no_json_object_are_refused(content: bytes) -> None:
    header, claims = parts()
    await refuse(signed(content, claims))
    await refuse(signed(header, content))
    assert not tokens_of(ENTRA).recognises(signed(content, claims))


async def test_padding_and_foreign_characters_are_refused() -> None:
    header, claims, signature = ENTRA.token(oid=ADA).split(".")
    for token in (
        f"{header}=.{claims}.{signature}",
        f"{header}.{claims}==.{signature}",
        f"{header}.{claims}.{signature}==",
        f"{header}.{claims}.{signature}\n",
        f" {header}.{claims}.{signature}",
        f"{header}.{claims}.{signature}.{signature}",
        f"{header}.{claims}",
        f"{header}.{claims}.{signature}!",
        "",
        "..",
        "é.ü.ñ",
        "\ud800",
    ):
        await refuse(token)
        assert not tokens_of(ENTRA).recognises(token)


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_changed_part_is_refused(part: int) -> None:
    split = ENTRA.token(oid=ADA).split(".")
    middle = len(split[part]) // 2
    changed = "A" if split[part][middle] != "A" else "B"
    split[part] = split[part][:middle] + changed + split[part][middle + 1 :]
    await refuse(".".join(split))


async def test_a_token_of_more_than_16_kib_is_refused() -> None:
    await refuse(ENTRA.token(oid=ADA, filler="x" * 16_384))
