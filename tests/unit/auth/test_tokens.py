"""Access tokens: what is issued is accepted, and everything that is off by a claim is refused alike."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.auth.keys import create_key, read_keys
from shared.auth.tokens import AccessTokens
from shared.domain import Principal, User
from shared.errors import ConfigError, NotAuthenticated

KEY = create_key()
OTHER_KEY = create_key()
ADA = User(id="ada", email="ada@example.org", password_hash="", is_administrator=True, created_at=0.0)
BOB = User(id="bob", email="bob@example.org", password_hash="", is_administrator=False, created_at=0.0)
Change = Callable[[dict[str, Any]], object]


def tokens(
    secret: str = KEY, *, issuer: str = "rag", audience: str = "rag", lifetime: float = 900
) -> AccessTokens:
    return AccessTokens.from_secret(secret, issuer=issuer, audience=audience, lifetime=lifetime)


def forge(change: Change = lambda _: None, head: Change = lambda _: None, *, secret: str = KEY) -> str:
    """A token that is right but for what `change` does to its claims and `head` to its header."""
    issued = tokens().issue(ADA, "family")
    claims = jwt.decode(issued, options={"verify_signature": False})
    header = jwt.get_unverified_header(issued)
    change(claims)
    head(header)
    key = read_keys(secret).newest.private
    return jwt.encode(claims, key, header.pop("alg", "ES256"), headers=header)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_an_issued_token_names_its_user() -> None:
    assert tokens().verify(tokens().issue(ADA, "f1")) == Principal(
        user_id="ada", email="ada@example.org", is_administrator=True, family_id="f1"
    )
    assert not tokens().verify(tokens().issue(BOB, "f1")).is_administrator


def test_the_header_names_type_algorithm_and_key() -> None:
    header = jwt.get_unverified_header(tokens().issue(ADA, "f1"))
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": read_keys(KEY).newest.id}


def test_no_two_tokens_are_alike() -> None:
    assert tokens().issue(ADA, "f1") != tokens().issue(ADA, "f1")


def test_the_unchanged_forgery_is_accepted() -> None:
    assert tokens().verify(forge()).user_id == "ada"


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "email", "roles", "family"]
)
def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(NotAuthenticated):
        tokens().verify(forge(lambda claims: claims.pop(claim)))


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
    ids=str,
)
def test_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        tokens().verify(forge(lambda true: true.update(claims)))
    assert str(refused.value) == "the access token is not valid; sign in again"


def test_clocks_may_differ_by_a_minute() -> None:
    assert tokens().verify(forge(lambda claims: claims.update(exp=int(time.time()) - 30)))
    assert tokens().verify(forge(lambda claims: claims.update(nbf=int(time.time()) + 30)))


@pytest.mark.parametrize(
    "header",
    [{"kid": ""}, {"kid": "../../etc/passwd"}, {"typ": "JWT"}, {"typ": None}],
    ids=str,
)
def test_a_wrong_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated):
        tokens().verify(forge(head=lambda true: true.update(header)))


def test_a_key_id_of_another_kind_is_refused() -> None:
    _, claims, signature = forge().split(".")
    for kid in (None, 7, ["x"], {"a": 1}):
        with pytest.raises(NotAuthenticated):
            tokens().verify(
                ".".join([segment({"alg": "ES256", "typ": "at+jwt", "kid": kid}), claims, signature])
            )


def test_another_algorithm_is_refused_with_the_right_key_id() -> None:
    claims = jwt.decode(forge(), options={"verify_signature": False})
    headers = {"kid": read_keys(KEY).newest.id, "typ": "at+jwt"}
    public = (
        read_keys(KEY)
        .newest.private.public_key()
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
            tokens().verify(token)


def test_another_key_that_claims_our_key_id_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        tokens().verify(forge(secret=OTHER_KEY))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_part_is_refused(part: int) -> None:
    parts = forge().split(".")
    middle = len(parts[part]) // 2
    parts[part] = (
        parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    )
    with pytest.raises(NotAuthenticated):
        tokens().verify(".".join(parts))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "x" * 20_000, "é.ü.ñ", "\ud800", forge() + "x", "[].[].[]"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotAuthenticated):
        tokens().verify(token)


def test_a_token_of_more_than_16_kib_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        tokens().verify(forge(lambda claims: claims.update(filler="x" * 16_384)))


def test_a_newer_key_signs_while_the_older_one_still_verifies() -> None:
    old_token = tokens(OTHER_KEY).issue(ADA, "f1")
    both = tokens(json.dumps([KEY, OTHER_KEY]))
    assert both.verify(old_token).user_id == "ada"
    assert jwt.get_unverified_header(both.issue(ADA, "f1"))["kid"] == read_keys(KEY).newest.id
    with pytest.raises(NotAuthenticated):
        tokens(KEY).verify(old_token)


def test_the_key_set_is_public_and_verifies_a_token_elsewhere() -> None:
    published = tokens(json.dumps([KEY, OTHER_KEY])).jwks()
    assert [set(key) for key in published["keys"]] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}] * 2
    token = tokens().issue(ADA, "f1")
    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="rag")["sub"] == "ada"


def test_the_key_id_is_the_rfc_7638_thumbprint() -> None:
    key = tokens().jwks()["keys"][0]
    required = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    digest = hashlib.sha256(required.encode()).digest()
    assert key["kid"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret-value",
        "[]",
        "[1]",
        "[",
        json.dumps([KEY, "secret-value"]),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=["empty", "text", "no keys", "number", "cut json", "one bad", "other curve", "rsa"],
)
def test_a_secret_that_is_no_key_stops_the_start_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_keys(secret)
    assert "secret-value" not in str(refused.value)
