"""The keys that sign access tokens: P-256, PEM in the secret store. Used by auth.tokens."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.errors import ConfigError

_COORDINATE_BYTES = 32  # of a point on P-256


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    id: str  # the RFC 7638 thumbprint of the public half
    private: ec.EllipticCurvePrivateKey
    jwk: Mapping[str, str]  # the public half


class SigningKeys:
    """One or more keys, the newest first: that one signs, all of them verify."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self.newest = keys[0]
        self._by_id = {key.id: key for key in keys}

    def find(self, key_id: str) -> SigningKey | None:
        return self._by_id.get(key_id)

    def jwks(self) -> list[dict[str, str]]:
        """The public halves, as RFC 7517 describes them."""
        return [{**key.jwk, "kid": key.id, "use": "sig", "alg": "ES256"} for key in self._by_id.values()]


def create_key() -> str:
    """A new key as PEM, for the secret store."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode("ascii")


def read_keys(secret: str) -> SigningKeys:
    """From one PEM, or from a JSON list of PEMs with the newest first, for a change of keys.

    Errors: `ConfigError`; the message never quotes the secret.
    """
    try:
        pems = json.loads(secret) if secret.lstrip().startswith("[") else [secret]
        return SigningKeys([_read_key(str(pem)) for pem in pems])
    except (ValueError, TypeError, IndexError) as error:
        raise ConfigError(
            "the secret jwt-signing-key is neither a P-256 key in PEM nor a JSON list of such keys"
        ) from error


def _read_key(pem: str) -> SigningKey:
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise TypeError("not a P-256 key")
    point = private.public_key().public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)}
    # RFC 7638 §3: the required members in order of their names, without white space.
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return SigningKey(id=_base64url(hashlib.sha256(canonical).digest()), private=private, jwk=jwk)


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(_COORDINATE_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
