"""Access tokens of one tenant of Entra ID, accepted beside our own. Built by compose, checked by the edge.

What a token must carry is written down in docs/entra.md.
"""

import base64
import json
import logging
import re
import time
from typing import Literal, NoReturn, Protocol

import jwt
from pydantic import BaseModel, ConfigDict, Field

from shared.domain import Principal
from shared.errors import ConfigError, NotAuthenticated
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_ALGORITHM = "RS256"
_SKEW = 60  # seconds that clocks may differ by
_MAX_BYTES = 16 * 1024
_REFUSED = "the access token is not valid; sign in again"
# One spelling only: neither the users of our own, 32 digits without dashes, nor a path can look like it.
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class _Header(BaseModel):
    """Nothing may bring a key along, or change what a signature means."""

    model_config = ConfigDict(strict=True)

    alg: Literal["RS256"]
    typ: Literal["JWT", "at+jwt"]
    kid: str = Field(min_length=1)
    jwk: None = None
    jku: None = None
    x5u: None = None
    x5c: None = None
    crit: None = None


class _Claims(BaseModel):
    """Nothing is converted; what has no default is required."""

    model_config = ConfigDict(strict=True)

    iss: str
    tid: str
    aud: str
    exp: int
    nbf: int
    iat: int
    oid: str = Field(pattern=f"^{_GUID.pattern}$")
    sub: str = Field(min_length=1)
    idtyp: str = ""
    scp: str = ""
    roles: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    hasgroups: object = False
    claim_names: dict[str, object] = Field(default_factory=dict, alias="_claim_names")
    preferred_username: str = ""
    upn: str = ""
    email: str = ""


class TokenKeys(Protocol):
    """Where the keys come from: `TenantKeys`."""

    async def find(self, key_id: str) -> jwt.PyJWK | None: ...

    async def close(self) -> None: ...


class EntraTokens:
    """`authority` is the address that the tenant signs in at, `audience` the `aud` of tokens meant for us."""

    def __init__(
        self, *, authority: str, tenant_id: str, audience: str, administrator_role: str, keys: TokenKeys
    ) -> None:
        if not _GUID.fullmatch(tenant_id.lower()):
            raise ConfigError("ENTRA_TENANT_ID is the tenant's id, a GUID, and not its domain")
        self._tenant_id = tenant_id.lower()
        self._issuers = {
            f"{authority.rstrip('/')}/{self._tenant_id}/v2.0",
            f"https://sts.windows.net/{self._tenant_id}/",  # of the first version's tokens
        }
        self._audience = audience
        self._administrator_role = administrator_role
        self._keys = keys
        self._signatures = jwt.PyJWS()

    def recognises(self, token: str) -> bool:
        """Whether to ask `verify` and not our own tokens, whose algorithm is another. Proves nothing."""
        try:
            _header(token)
        except (ValueError, RecursionError):
            return False
        return True

    async def verify(self, token: str) -> Principal:
        """Errors: one `NotAuthenticated`, whatever is wrong with it; `BackendUnavailable` without keys."""
        try:
            key_id = _header(token).kid
        except (ValueError, RecursionError) as error:
            raise NotAuthenticated(_REFUSED) from error
        key = await self._keys.find(key_id)
        if key is None:
            raise NotAuthenticated(_REFUSED)
        try:
            claims = _Claims.model_validate(_json(self._signatures.decode(token, key, [_ALGORITHM])))
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise NotAuthenticated(_REFUSED) from error
        if not (self._is_for_us(claims) and _is_current(claims) and _grants_access(claims)):
            raise NotAuthenticated(_REFUSED)
        return self._principal(claims)

    async def close(self) -> None:
        await self._keys.close()

    def _is_for_us(self, claims: _Claims) -> bool:
        return claims.tid == self._tenant_id and claims.iss in self._issuers and claims.aud == self._audience

    def _principal(self, claims: _Claims) -> Principal:
        return Principal(
            user_id=claims.oid,
            email=claims.preferred_username or claims.upn or claims.email or claims.oid,
            is_administrator=self._administrator_role in claims.roles,
            groups=_groups(claims),
        )


def _is_current(claims: _Claims) -> bool:
    now = time.time()
    return max(claims.nbf, claims.iat) - _SKEW <= now < claims.exp + _SKEW


def _grants_access(claims: _Claims) -> bool:
    """A user's token has a scope, an app's own a role: what has neither, such as an ID token, is none."""
    return bool(claims.scp.strip()) or (claims.idtyp == "app" and bool(claims.roles))


def _groups(claims: _Claims) -> frozenset[str]:
    """None at all where there were too many for the token: it names a place to ask for them instead."""
    if claims.hasgroups or "groups" in claims.claim_names:
        event(log, "entra_groups_left_out", user_id=claims.oid, reason="too many for a token")
        return frozenset()
    return frozenset(group for group in claims.groups if _GUID.fullmatch(group))


def _header(token: str) -> _Header:
    if len(token) > _MAX_BYTES or not _COMPACT.fullmatch(token):
        raise ValueError("not a compact JWS of a bearable size")
    segment = token.partition(".")[0]
    content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    return _Header.model_validate(_json(content))


def _json(content: bytes) -> object:
    return json.loads(content, object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
