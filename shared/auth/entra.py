"""Access tokens of one tenant of Entra ID, accepted beside our own. Built by compose, checked by the edge.

What a token must carry is written down in docs/entra.md.
"""

import logging
import re
from typing import Protocol

import jwt
from pydantic import Field

from shared.auth.strict_jws import REFUSED, Claims, claims_of, key_id_of
from shared.domain import Principal
from shared.errors import ConfigError, NotAuthenticated
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_ALGORITHM = "RS256"
_TYPES = {"JWT", "at+jwt"}
# One spelling only: neither the users of our own, 32 digits without dashes, nor a path can look like it.
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Claims(Claims):
    tid: str
    oid: str = Field(pattern=f"^{_GUID.pattern}$")
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

    def recognises(self, token: str) -> bool:
        """Whether to ask `verify` and not our own tokens, whose algorithm is another. Proves nothing."""
        try:
            _key_id(token)
        except NotAuthenticated:
            return False
        return True

    async def verify(self, token: str) -> Principal:
        """Errors: one `NotAuthenticated`, whatever is wrong with it; `BackendUnavailable` without keys."""
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise NotAuthenticated(REFUSED)
        claims = claims_of(token, key, _Claims)
        if not (self._is_for_us(claims) and _grants_access(claims)):
            raise NotAuthenticated(REFUSED)
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


def _key_id(token: str) -> str:
    return key_id_of(token, algorithm=_ALGORITHM, types=_TYPES)


def _grants_access(claims: _Claims) -> bool:
    """A user's token has a scope, an app's own a role: what has neither, such as an ID token, is none."""
    return bool(claims.scp.strip()) or (claims.idtyp == "app" and bool(claims.roles))


def _groups(claims: _Claims) -> frozenset[str]:
    """None at all where there were too many for the token: it names a place to ask for them instead."""
    if claims.hasgroups or "groups" in claims.claim_names:
        event(log, "entra_groups_left_out", user_id=claims.oid, reason="too many for a token")
        return frozenset()
    return frozenset(group for group in claims.groups if _GUID.fullmatch(group))
