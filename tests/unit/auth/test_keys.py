"""What a secret must be to sign access tokens."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.auth.keys import create_key, read_keys
from shared.errors import ConfigError


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
        json.dumps([create_key(), "secret-value"]),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=["empty", "text", "no keys", "number", "cut json", "one bad", "other curve", "rsa"],
)
def test_a_secret_that_is_no_key_stops_the_start_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_keys(secret)
    assert "secret-value" not in str(refused.value)
