"""The tenant that `entra_server` serves, by itself: its keys, and the tokens that they sign."""

import base64
import functools
import secrets
import time
from collections.abc import Collection
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.auth.entra import EntraTokens

TENANT = "1a1a1a1a-2222-4333-8444-5b5b5b5b5b5b"
AUDIENCE = "api://rag-functions"
CLIENT_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
IDENTITY = "99999999-8888-4777-8666-555555555555"  # object id of the managed identity and of the client
LIFE = 3600  # seconds, of every token


class SigningKey:
    def __init__(self, *, bits: int = 2048) -> None:
        self.id = uuid4().hex
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        public = self.private.public_key().public_numbers()
        jwk = {"kty": "RSA", "use": "sig", "kid": self.id, "n": _base64url(public.n), "e": "AQAB"}
        return jwk | changes


class Tenant:
    """`published` is the key set as it is told; the last of `keys` signs."""

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.keys = [_first_key()]
        self._announced: list[SigningKey] = []
        self._publish()

    def announce(self) -> None:
        """Publish the key that will sign next, ahead of time as Entra ID does."""
        self._announced = [SigningKey()]
        self._publish()

    def rotate(self) -> None:
        """From now on another key signs."""
        self.keys = [*self.keys, *(self._announced or [SigningKey()])]
        self._announced = []
        self._publish()

    def withdraw_old(self) -> None:
        """Publish the key that signs and no other."""
        self.keys = self.keys[-1:]
        self._publish()

    def token(
        self,
        *,
        oid: str,
        groups: Collection[str] = (),
        roles: Collection[str] = (),
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A user's access token of version 2. A claim of `...` is left out; other `claims` are as given."""
        now = int(time.time())
        told = {
            "aud": AUDIENCE,
            "iss": f"{self.authority}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
            "azp": CLIENT_ID,
            "oid": oid,
            "preferred_username": f"{oid[:8]}@example.org",
            "scp": "access_as_user",
            "sub": secrets.token_urlsafe(24),
            "tid": TENANT,
            "ver": "2.0",
            **({"groups": list(groups)} if groups else {}),
            **({"roles": list(roles)} if roles else {}),
            **claims,
        }
        return self.sign({name: value for name, value in told.items() if value is not ...}, header)

    def app_token(self, audience: str, **claims: Any) -> str:
        """Of a service principal: no scope and no name."""
        app = {"aud": audience, "sub": IDENTITY, "idtyp": "app", "scp": ..., "preferred_username": ...}
        return self.token(oid=IDENTITY, **(app | claims))

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        key = self.keys[-1]
        return jwt.encode(claims, key.private, "RS256", headers={"kid": key.id, **(header or {})})

    def _publish(self) -> None:
        told = [*self.keys, *self._announced]
        self.published = [key.jwk(issuer=f"{self.authority}/{TENANT}/v2.0") for key in told]


class KnownKeys:
    """Stands where `TenantKeys` does, without a network; `asked` are the key ids so far."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.asked: list[str] = []
        self.is_closed = False

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        self.asked.append(key_id)
        known = [key for key in self._tenant.published if key["kid"] == key_id]
        return jwt.PyJWK(known[0], "RS256") if known else None

    async def close(self) -> None:
        self.is_closed = True


def tokens_of(tenant: Tenant, **changes: Any) -> EntraTokens:
    given: dict[str, Any] = {
        "authority": tenant.authority,
        "tenant_id": TENANT,
        "audience": AUDIENCE,
        "administrator_role": "administrator",
        "keys": KnownKeys(tenant),
    }
    return EntraTokens(**(given | changes))


@functools.cache
def _first_key() -> SigningKey:
    """Making one takes a while: the same for every server of this process."""
    return SigningKey()


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
