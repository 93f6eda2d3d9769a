"""The two kinds of access token, as hostile tests see them: what a right one says, and who checks it."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.auth.key_ring import KeyRing
from shared.auth.keys import read_keys
from shared.auth.tokens import AccessTokens
from shared.domain import Principal
from shared.errors import NotAuthenticated
from tests.stand_ins.entra_tenant import KnownKeys, Tenant, tokens_of
from tests.stand_ins.versioned_secrets import ADA, LONG_AGO, OLD, VersionedSecrets

ENTRA = Tenant("https://login.microsoftonline.com")
ADA_OF_ENTRA = "ada00000-1111-4222-8333-444444444444"


@dataclass(frozen=True, kw_only=True)
class Issuer:
    user_id: str
    header: dict[str, Any]
    claims: dict[str, Any]
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    verify: Callable[[str], Awaitable[Principal]]
    lookups: Callable[[], int]  # how often somebody was asked for keys

    def token(self, *, header: Any = None, claims: Any = None) -> str:
        """Signed as it should be, whatever the two parts say; bytes stand for themselves."""
        head = self.header if header is None else header
        content = f"{segment(head)}.{segment(self.claims if claims is None else claims)}"
        return f"{content}.{segment(self.signature(content))}"

    def signature(self, content: str, *, algorithm: str | None = None, private: Any = None) -> bytes:
        signing = jwt.get_algorithm_by_name(algorithm or self.header["alg"])
        return signing.sign(content.encode(), private or self.private)


async def refuse(issuer: Issuer, token: str) -> None:
    for _ in range(2):  # no refusal is remembered as anything else
        with pytest.raises(NotAuthenticated) as refused:
            await issuer.verify(token)
        assert str(refused.value) == "the access token is not valid; sign in again"


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def own_issuer() -> Issuer:
    secrets = VersionedSecrets((OLD, LONG_AGO))

    def tokens() -> AccessTokens:
        return AccessTokens(
            keys=KeyRing(secrets, "jwt-signing-key"), issuer="rag", audience="rag", lifetime=900
        )

    header, claims = _parts(await tokens().issue(ADA, "family"))
    secrets.asked = 0
    return Issuer(
        user_id=ADA.id,
        header=header,
        claims=claims,
        private=read_keys(OLD)[0].private,
        verify=tokens().verify,
        lookups=lambda: secrets.asked,
    )


async def entra_issuer() -> Issuer:
    keys = KnownKeys(ENTRA)
    header, claims = _parts(ENTRA.token(oid=ADA_OF_ENTRA))
    return Issuer(
        user_id=ADA_OF_ENTRA,
        header=header,
        claims=claims,
        private=ENTRA.keys[-1].private,
        verify=tokens_of(ENTRA, keys=keys).verify,
        lookups=lambda: len(keys.asked),
    )


ISSUERS = {"own": own_issuer, "entra": entra_issuer}


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
