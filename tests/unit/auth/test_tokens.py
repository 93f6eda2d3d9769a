"""Access tokens: what is issued is accepted, and what is off by a claim of ours is refused."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

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


async def forge(change: Change = lambda _: None, head: Change = lambda _: None) -> str:
    """A token that is right but for what `change` does to its claims and `head` to its header."""
    issued = await tokens().issue(ADA, "family")
    claims = jwt.decode(issued, options={"verify_signature": False})
    header = jwt.get_unverified_header(issued)
    change(claims)
    head(header)
    return jwt.encode(claims, read_keys(KEY)[0].private, "ES256", headers=header)


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


@pytest.mark.parametrize("claim", ["jti", "email", "roles", "family"])
async def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(lambda claims: claims.pop(claim)))


@pytest.mark.parametrize(
    "claims",
    [
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
    assert (await tokens().verify(await forge())).user_id == "ada"
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(lambda true: true.update(claims)))


async def test_a_token_that_lasts_longer_than_ours_do_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(lambda claims: claims.update(exp=claims["iat"] + 901)))
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await tokens(lifetime=901).issue(ADA, "f1"))


async def test_tokens_of_another_issuer_or_for_somebody_else_are_refused_with_the_same_key() -> None:
    for other in (tokens(issuer="another"), tokens(audience="another")):
        with pytest.raises(NotAuthenticated):
            await tokens().verify(await other.issue(ADA, "f1"))


async def test_the_type_of_an_id_token_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        await tokens().verify(await forge(head=lambda header: header.update(typ="JWT")))


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
