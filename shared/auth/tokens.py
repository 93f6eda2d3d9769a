"""Access tokens: JWTs signed with ES256, after RFC 9068. Issued by auth.sessions, checked by the edge."""

import hashlib
import time
from dataclasses import dataclass
from uuid import uuid4

import jwt
from pydantic import Field

from shared.auth.key_ring import KeyRing
from shared.auth.keys import ALGORITHM
from shared.auth.strict_jws import MAX_LENGTH, REFUSED, SKEW, Claims, claims_of, key_id_of
from shared.domain import Principal, User
from shared.errors import NotAuthenticated

_TYPE = "at+jwt"
_REMEMBERED = 10_000  # tokens, of some 500 bytes each
_ADMINISTRATOR = "administrator"


class _Claims(Claims):
    jti: str = Field(min_length=1)
    email: str = Field(min_length=1)
    roles: list[str]
    family: str = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class _Verified:
    """Whose a token is, for as long as its key is in force."""

    principal: Principal
    key_id: str
    expires_at: float


class AccessTokens:
    """`lifetime` in seconds. Errors of all it does, while no signing key is known: `ConfigError` and
    `BackendUnavailable`.

    The signature of a token is computed once: it cannot come to be wrong. Time and keys are asked each time.
    """

    def __init__(self, *, keys: KeyRing, issuer: str, audience: str, lifetime: float) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.lifetime = lifetime
        self._verified: dict[bytes, _Verified] = {}  # by the token's hash, the oldest first

    async def issue(self, user: User, family_id: str) -> str:
        """A token that says who the user is, and which family of refresh tokens it belongs to."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user.id,
            "exp": now + int(self.lifetime),
            "nbf": now,
            "iat": now,
            "jti": str(uuid4()),
            "email": user.email,
            "roles": [_ADMINISTRATOR] if user.is_administrator else [],
            "family": family_id,
        }
        key = await self._keys.signing()
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id, "typ": _TYPE})

    async def verify(self, token: str) -> Principal:
        """Errors: one `NotAuthenticated`, whatever is wrong with it."""
        if len(token) > MAX_LENGTH:
            raise NotAuthenticated(REFUSED)
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is None:
            known = self._verified[digest] = await self._check(token)
            if len(self._verified) > _REMEMBERED:
                del self._verified[next(iter(self._verified))]
        elif known.expires_at <= time.time() or await self._keys.find(known.key_id) is None:
            self._verified.pop(digest, None)
            raise NotAuthenticated(REFUSED)
        return known.principal

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, for whoever else wants to check a token."""
        return {"keys": [dict(key.jwk) for key in await self._keys.all()]}

    async def close(self) -> None:
        await self._keys.close()

    async def _check(self, token: str) -> _Verified:
        key = await self._keys.find(key_id_of(token, algorithm=ALGORITHM, types={_TYPE}))
        if key is None:
            raise NotAuthenticated(REFUSED)
        claims = claims_of(token, key.public, _Claims)
        if not self._is_as_issued(claims):
            raise NotAuthenticated(REFUSED)
        principal = Principal(
            user_id=claims.sub,
            email=claims.email,
            is_administrator=_ADMINISTRATOR in claims.roles,
            family_id=claims.family,
        )
        return _Verified(principal=principal, key_id=key.id, expires_at=claims.exp + SKEW)

    def _is_as_issued(self, claims: _Claims) -> bool:
        is_ours = claims.iss == self._issuer and claims.aud == self._audience
        return is_ours and claims.exp - claims.iat <= self.lifetime
