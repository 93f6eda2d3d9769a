"""Access tokens: JWTs signed with ES256, after RFC 9068. Issued by auth.sessions, checked by the edge."""

import time
from uuid import uuid4

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.auth.key_ring import KeyRing
from shared.auth.keys import SigningKey
from shared.domain import Principal, User
from shared.errors import NotAuthenticated

_ALGORITHM = "ES256"
_TYPE = "at+jwt"
_SKEW = 60  # seconds that clocks may differ by
_MAX_BYTES = 16 * 1024
_REFUSED = "the access token is not valid; sign in again"
_ADMINISTRATOR = "administrator"


class _Claims(BaseModel):
    """Every claim is required, and nothing is converted."""

    model_config = ConfigDict(strict=True)

    iss: str
    aud: str
    sub: str = Field(min_length=1)
    exp: int
    nbf: int
    iat: int
    jti: str = Field(min_length=1)
    email: str = Field(min_length=1)
    roles: list[str]
    family: str = Field(min_length=1)


class AccessTokens:
    """`lifetime` in seconds. Errors of all it does, while no signing key is known: `ConfigError` and
    `BackendUnavailable`."""

    def __init__(self, *, keys: KeyRing, issuer: str, audience: str, lifetime: float) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.lifetime = lifetime

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
        return jwt.encode(claims, key.private, _ALGORITHM, headers={"kid": key.id, "typ": _TYPE})

    async def verify(self, token: str) -> Principal:
        """Errors: one `NotAuthenticated`, whatever is wrong with it."""
        if len(token) > _MAX_BYTES:
            raise NotAuthenticated(_REFUSED)
        try:
            claims = _Claims.model_validate(self._decode(token, await self._key_of(token)))
        except (jwt.PyJWTError, ValidationError, ValueError) as error:
            raise NotAuthenticated(_REFUSED) from error
        return Principal(
            user_id=claims.sub,
            email=claims.email,
            is_administrator=_ADMINISTRATOR in claims.roles,
            family_id=claims.family,
        )

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, for whoever else wants to check a token."""
        return {"keys": [dict(key.jwk) for key in await self._keys.all()]}

    async def close(self) -> None:
        await self._keys.close()

    async def _key_of(self, token: str) -> SigningKey:
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid")
        if not isinstance(key_id, str) or header.get("typ") != _TYPE:
            raise NotAuthenticated(_REFUSED)
        key = await self._keys.find(key_id)
        if key is None:
            raise NotAuthenticated(_REFUSED)
        return key

    def _decode(self, token: str, key: SigningKey) -> object:
        return jwt.decode(
            token,
            key.private.public_key(),
            algorithms=[_ALGORITHM],
            issuer=self._issuer,
            audience=self._audience,
            leeway=_SKEW,
            options={"require": list(_Claims.model_fields)},
        )
