"""What the tests look for in everything that the product says: each kind of secret is found, nothing else."""

import base64
from urllib.parse import quote

import pytest

from tests.planted import planted, secrets_in

SECRET = planted("password")
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLWl0"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"mongodb://ada:{SECRET}@db",
        quote(SECRET),
        *(base64.b64encode(b"x" * offset + SECRET.encode()).decode() for offset in range(3)),
        SECRET.encode().hex(),
        SECRET[::-1],
        TOKEN,
        "rag_" + "a" * 43 + "0123abcd",
        "authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA",
        "-----BEGIN EC PRIVATE KEY-----",
        '{"kty": "EC", "d": "' + "a" * 43 + '"}',
        "AccountName=a;AccountKey=c2VjcmV0c2VjcmV0",
        "http://127.0.0.1/a?sv=2024&sig=c2VjcmV0c2VjcmV0c2Vj",
        "redis://:hunter2@127.0.0.1:6379/0",
        "mongodb://ada:hunter2@127.0.0.1",
    ],
)
def test_a_secret_is_found_with_what_stands_before_it(text: str) -> None:
    assert secrets_in("said here: " + text)
    assert "said here: " in secrets_in("said here: " + text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "WWW-Authenticate: Bearer",
        "sign in first: this needs a bearer token",
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
        "http://[::1]:8080/path@home",
        "http://127.0.0.1:10000/a, ada@example.org",
        "sha256:" + "0a" * 32,
        '{"kty": "EC", "x": "' + "a" * 43 + '"}',
        "see docs/configuration.md: MONGODB_URI",
    ],
)
def test_what_is_no_secret_is_let_through(text: str) -> None:
    assert secrets_in(text) == []
