"""Personal access tokens: a user makes one for a machine, which then acts as this user. Called by the edge.

A token is `rag_`, 32 random bytes and a checksum, by which a scanner of secrets knows one when it sees it.
Its hash alone is stored, and looked up with every request: so no time tells how much of a guess was right,
and what is revoked is refused at once, in every process.
"""

import hashlib
import re
import secrets
import time
import zlib
from collections.abc import Collection
from uuid import uuid4

from shared.domain import PersonalToken, Principal, Scope
from shared.errors import AccessDenied, Conflict, NotAuthenticated, NotFound
from shared.metadata_stores.base_sessions import PersonalTokenStore

MOST = 50  # per user, expired ones included

_PREFIX = "rag_"
_TOKEN = re.compile(_PREFIX + "[A-Za-z0-9_-]{43}[0-9a-f]{8}")
_CHECKSUM = 8  # characters at the end
REFUSED = "the personal access token is unknown, revoked or expired"


def is_personal(token: str) -> bool:
    """Whether to ask `verify`: neither our access tokens nor a tenant's begin like that. Proves nothing."""
    return token.startswith(_PREFIX)


async def verify(token: str, *, tokens: PersonalTokenStore) -> PersonalToken:
    """What is known of it. Errors: one `NotAuthenticated`, whatever is wrong with it."""
    is_whole = _TOKEN.fullmatch(token) and token[-_CHECKSUM:] == _checksum(token[:-_CHECKSUM])
    known = await tokens.personal_token(_fingerprint(token)) if is_whole else None
    if known is None or known.expires_at <= time.time():
        raise NotAuthenticated(REFUSED)
    return known


async def create(
    name: str, scopes: Collection[Scope], lifetime: float, *, owner: Principal, tokens: PersonalTokenStore
) -> tuple[str, PersonalToken]:
    """The token, which is nowhere else to be had from here on, and what is stored. `lifetime` in seconds.

    Errors: `AccessDenied` without an account here and for a scope that the owner has no use for, `Conflict`
    for a taken name and one token too many. Many made at the same moment may exceed `MOST` by their number.
    """
    if not owner.family_id:
        raise AccessDenied("personal access tokens are for accounts of this place; use tokens of your tenant")
    if "admin" in scopes and not (owner.is_administrator or owner.manages_organisation):
        raise AccessDenied("the scope admin is for administrators")
    if len(await tokens.personal_tokens(owner.user_id)) >= MOST:
        raise Conflict(f"an account has at most {MOST} personal access tokens; revoke one first")
    token = _PREFIX + secrets.token_urlsafe(32)
    token += _checksum(token)
    now = time.time()
    stored = PersonalToken(
        id=uuid4().hex,
        token_hash=_fingerprint(token),
        user_id=owner.user_id,
        name=name,
        scopes=frozenset(scopes),
        created_at=now,
        expires_at=now + lifetime,
    )
    if not await tokens.add_personal_token(stored):
        raise Conflict("you have a personal access token of this name; revoke it or choose another")
    return token, stored


async def revoke(token_id: str, *, owner: Principal, tokens: PersonalTokenStore) -> None:
    """Errors: `NotFound`, also for somebody else's."""
    if not await tokens.remove_personal_token(token_id, user_id=owner.user_id):
        raise NotFound("there is no such personal access token")


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
