"""Access tokens: what is issued is accepted, and everything that is off by a claim is refused alike."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.auth.key_ring import KeyRing
from shared.auth.keys import create_key, read_keys
from shared.auth.tokens import AccessTokens
from shared.domain import Principal, User
from shared.errors import NotAuthenticated
from shared.secret_stores.local import LocalSecrets

KEY = create_key()
OTHER_KEY = create_key()
ADA = User(id="ada", email="ada@example.org", password_hash="", is_administrator=True, created_at=0.0)
BOB = User(id="bob", email="bob@example.org", password_hash="", is_administrator=False, created_at=0.0)
Change = Callable[[dict[str, Any]], object]


def tokens(
    secret: str = KEY, *, issuer: str = "rag", audience: str = "rag", lifetime: float = 900
) -> AccessTokens:
    secrets = LocalSecrets(Path("no folder"), {"RAG_SECRET_JWT_SIGNING_KEY": secret})
    keys = KeyRing(secrets, "jwt-signing-key")
    return AccessTokens(keys=keys, issuer=issuer, audience=audience, lifetime=lifetime)


async def forge(change: Change = lambda _: None, head: Change = lambda _: None, *, secret: str = KEY) -> str:
    """A token that is right but for what `change` does to its claims and `head` to its header."""
    issued = await tokens().issue(ADA, "family")
    claims = jwt.decode(issued, options={"verify_signature": False})
    header = jwt.get_unverified_header(issued)
    change(claims)
    head(header)
    key = read_keys(secret)[0].private
    return jwt.encode(claims, key, header.pop("alg", "ES256"), headers=header)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_an_issued_token_names_its_user() -> None:
    assert await tokens().verify(await tokens().issue(ADA, "f1")) == Principal(
        user_id="ada", email="ada@example.org", is_administrator=True, family_id="f1"
    )
    assert not (await tokens().verify(await tokens().issue(BOB, "f1"))).is_administrator


async def test_the_header_names_type_algorithm_and_key() -> None:
    header = jwt.get_unverified_header(await tokens().issue(ADA, "f1"))
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": read_keys(KEY)[0].id}


async def test_no_two_tokens_are_alike() -> None:
    assert await tokens().issue(ADA, "f1") != await tokens().issue(ADA, "f1")


async def test_the_unchanged_forgery_is_accepted() -> None:
    assert (await tokens().verify(await forge())).user_id == "ada"


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "email", "roles", "family"]
)
async def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(lambda claims: claims.pop(claim)))


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody else"},
        {"aud": "somebody else"},
        {"aud": ["rag", "somebody else"]},
        {"sub": ""},
        {"sub": 7},
        {"exp": NOW - 61},
        {"exp": str(NOW + 900)},
        {"exp": NOW + 900.5},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"nbf": str(NOW)},
        {"iat": NOW + 3600},
        {"iat": True},
        {"jti": ""},
        {"jti": 3},
        {"email": ""},
        {"email": ["ada@example.org"]},
        {"roles": "administrator"},
        {"roles": [1]},
        {"roles": None},
        {"family": ""},
        {"family": {}},
    ],
    ids="+".join,
)
async def test_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        await tokens().verify(await forge(lambda true: true.update(claims)))
    assert str(refused.value) == "the access token is not valid; sign in again"


async def test_clocks_may_differ_by_a_minute() -> None:
    assert await tokens().verify(await forge(lambda claims: claims.update(exp=int(time.time()) - 30)))
    assert await tokens().verify(await forge(lambda claims: claims.update(nbf=int(time.time()) + 30)))


@pytest.mark.parametrize(
    "header",
    [{"kid": ""}, {"kid": "../../etc/passwd"}, {"typ": "JWT"}, {"typ": None}],
    ids="+".join,
)
async def test_a_wrong_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(head=lambda true: true.update(header)))


async def test_a_key_id_of_another_kind_is_refused() -> None:
    _, claims, signature = (await forge()).split(".")
    for kid in (None, 7, ["x"], {"a": 1}):
        with pytest.raises(NotAuthenticated):
            await tokens().verify(
                ".".join([segment({"alg": "ES256", "typ": "at+jwt", "kid": kid}), claims, signature])
            )


async def test_another_algorithm_is_refused_with_the_right_key_id() -> None:
    claims = jwt.decode(await forge(), options={"verify_signature": False})
    headers = {"kid": read_keys(KEY)[0].id, "typ": "at+jwt"}
    public = (
        read_keys(KEY)[0]
        .private.public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    confused = f"{segment({'alg': 'HS256', **headers})}.{segment(claims)}"
    digest = hmac.digest(public, confused.encode(), "sha256")
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        f"{segment({'alg': 'none', **headers})}.{segment(claims)}.",
        f"{confused}.{signature}",
        jwt.encode(claims, rsa_key, "RS256", headers=headers),
    ):
        with pytest.raises(NotAuthenticated):
            await tokens().verify(token)


async def test_another_key_that_claims_our_key_id_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(secret=OTHER_KEY))


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_changed_part_is_refused(part: int) -> None:
    parts = (await forge()).split(".")
    middle = len(parts[part]) // 2
    parts[part] = (
        parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    )
    with pytest.raises(NotAuthenticated):
        await tokens().verify(".".join(parts))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 20_000, "é.ü.ñ", "\ud800", "[].[].[]"])
async def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(token)


async def test_a_token_with_something_behind_it_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge() + "x")


async def test_a_token_of_more_than_16_kib_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(lambda claims: claims.update(filler="x" * 16_384)))


async def test_a_token_that_was_accepted_is_refused_once_it_has_expired() -> None:
    verifier = tokens()
    token = await tokens(lifetime=-59).issue(ADA, "f1")  # which a difference of clocks lets in for a second
    assert (await verifier.verify(token)).user_id == "ada"

    async def go_on(until: float) -> None:
        while time.monotonic() < until:
            await verifier.verify(token)

    with pytest.raises(NotAuthenticated):
        await go_on(time.monotonic() + 10)


async def test_a_token_of_another_user_is_never_taken_for_one_that_was_accepted() -> None:
    verifier = tokens()
    for user in (ADA, BOB, ADA, BOB):
        assert (await verifier.verify(await tokens().issue(user, "f1"))).user_id == user.id


async def test_a_newer_key_signs_while_the_older_one_still_verifies() -> None:
    old_token = await tokens(OTHER_KEY).issue(ADA, "f1")
    both = tokens(json.dumps([KEY, OTHER_KEY]))
    assert (await both.verify(old_token)).user_id == "ada"
    assert jwt.get_unverified_header(await both.issue(ADA, "f1"))["kid"] == read_keys(KEY)[0].id
    with pytest.raises(NotAuthenticated):
        await tokens(KEY).verify(old_token)


async def test_the_key_set_is_public_and_verifies_a_token_elsewhere() -> None:
    published = await tokens(json.dumps([KEY, OTHER_KEY])).jwks()
    assert [set(key) for key in published["keys"]] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}] * 2
    token = await tokens().issue(ADA, "f1")
    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="rag")["sub"] == "ada"


async def test_the_key_id_is_the_rfc_7638_thumbprint() -> None:
    key = (await tokens().jwks())["keys"][0]
    required = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    digest = hashlib.sha256(required.encode()).digest()
    assert key["kid"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
