"""A key that signs access tokens: P-256, PEM in the secret store. Used by auth.key_ring."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.errors import ConfigError

ALGORITHM = "ES256"  # of every key of ours

_COORDINATE_BYTES = 32  # of a point on P-256
_UNUSABLE = "the secret jwt-signing-key is neither a P-256 key in PEM nor a JSON list of such keys"


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    id: str  # the RFC 7638 thumbprint of the public half
    private: ec.EllipticCurvePrivateKey
    public: jwt.PyJWK
    jwk: Mapping[str, str]  # the public half, as RFC 7517 describes it


def create_key() -> str:
    """A new key as PEM, for the secret store."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode("ascii")


def read_keys(secret: str) -> list[SigningKey]:
    """From one PEM, or from a JSON list of PEMs with the newest first, for a change of keys.

    Errors: `ConfigError`; the message never quotes the secret.
    """
    try:
        pems = json.loads(secret) if secret.lstrip().startswith("[") else [secret]
        keys = [_read_key(str(pem)) for pem in pems]
    except (ValueError, TypeError) as error:
        raise ConfigError(_UNUSABLE) from error
    if not keys:
        raise ConfigError(_UNUSABLE)
    return keys


def _read_key(pem: str) -> SigningKey:
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise TypeError("not a P-256 key")
    point = private.public_key().public_numbers()
    required = {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)}
    # RFC 7638 §3: the required members in order of their names, without white space.
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
    key_id = _base64url(hashlib.sha256(canonical).digest())
    jwk = {**required, "kid": key_id, "use": "sig", "alg": ALGORITHM}
    return SigningKey(id=key_id, private=private, public=jwt.PyJWK(jwk, ALGORITHM), jwk=jwk)


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(_COORDINATE_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
