"""Accounts and sessions: register, sign in, refresh, sign out. Called by the auth routes.

A session is a family of refresh tokens. Each use of one rotates it into the next link; using an old
link again, later than two tabs or a lost answer explain, means that it was stolen: the family dies.
"""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.caches.base import Cache
from shared.domain import RefreshToken, User
from shared.errors import AccessDenied, Conflict, InvalidRequest, NotAuthenticated, RateLimited
from shared.metadata_stores.base import UserStore

GRACE = 30.0  # seconds in which a rotated token may be used a second time
MAX_ATTEMPTS = 10  # failed ones per account and window
WINDOW = 15 * 60.0  # seconds

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_MAX_EMAIL = 254  # RFC 5321
_WRONG = "the e-mail address or the password is wrong"
_ENDED = "the session has ended; sign in again"


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a client gets to hold."""

    access_token: str
    refresh_token: str
    expires_in: int  # seconds, of the access token


async def register(
    email: str,
    password: str,
    *,
    users: UserStore,
    passwords: Passwords,
    is_open: bool,
    needs_administrator: bool = True,
) -> User:
    """A new account; the first of an empty store administers.

    Where registration is closed it is still let in, if the place needs an administrator; a tenant has its
    own.
    Errors: `InvalidRequest`, `Conflict` for a taken address, `AccessDenied` where registration is closed.
    """
    address = normalised_email(email)
    if not is_open and not (needs_administrator and not await users.list_users()):
        raise AccessDenied("registration is closed here; ask an administrator for an account")
    user = User(
        id=uuid4().hex,
        email=address,
        password_hash=await passwords.hash(password),
        is_administrator=False,
        created_at=time.time(),
    )
    stored = await users.add_user(user, first_is_administrator=True)
    if stored is None:
        raise Conflict("this e-mail address has an account; sign in instead")
    return stored


async def sign_in(
    email: str,
    password: str,
    *,
    users: UserStore,
    passwords: Passwords,
    tokens: AccessTokens,
    cache: Cache,
    refresh_lifetime: float,
) -> Session:
    """Errors: one `NotAuthenticated` for an unknown account, a wrong password and a disabled account alike;
    `RateLimited` after ten failures within a quarter of an hour, whatever is tried then."""
    address = email.strip().lower()
    attempts = await _count_attempt(address, cache)
    user = await users.user_by_email(address)
    matches = await passwords.verify(password, user.password_hash if user else None)
    if user is None or user.is_disabled or not matches:
        raise NotAuthenticated(_WRONG)
    await cache.delete(attempts)
    if passwords.needs_rehash(user.password_hash):
        await users.set_password_hash(user.id, await passwords.hash(password))
    return await _extend(user, uuid4().hex, users, tokens, refresh_lifetime)


async def refresh(
    refresh_token: str, *, users: UserStore, tokens: AccessTokens, refresh_lifetime: float
) -> Session:
    """The next link of the session. Errors: one `NotAuthenticated`, whatever is wrong with the token."""
    now = time.time()
    used = await users.claim_refresh_token(_fingerprint(refresh_token), now=now)
    if used is None or used.revoked_at is not None or used.expires_at <= now:
        raise NotAuthenticated(_ENDED)
    if used.rotated_at is not None and now - used.rotated_at > GRACE:
        await users.revoke_family(used.family_id, now=now)
        raise NotAuthenticated(_ENDED)
    user = await users.user(used.user_id)
    if user is None or user.is_disabled:
        await users.revoke_family(used.family_id, now=now)
        raise NotAuthenticated(_ENDED)
    return await _extend(user, used.family_id, users, tokens, refresh_lifetime)


async def sign_out(refresh_token: str, *, users: UserStore) -> None:
    """End the session the token belongs to; an unknown token is as good as signed out (RFC 7009 §2.2)."""
    known = await users.refresh_token(_fingerprint(refresh_token))
    if known is not None:
        await users.revoke_family(known.family_id, now=time.time())


def normalised_email(email: str) -> str:
    """Errors: `InvalidRequest` for what is no e-mail address at all."""
    address = email.strip().lower()
    if len(address) > _MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise InvalidRequest("this is not an e-mail address")
    return address


async def _extend(
    user: User, family_id: str, users: UserStore, tokens: AccessTokens, refresh_lifetime: float
) -> Session:
    secret = secrets.token_urlsafe(32)
    now = time.time()
    link = RefreshToken(
        token_hash=_fingerprint(secret),
        family_id=family_id,
        user_id=user.id,
        issued_at=now,
        expires_at=now + refresh_lifetime,
    )
    if not await users.add_refresh_token(link):
        raise NotAuthenticated(_ENDED)  # revoked while it was extended
    return Session(
        access_token=await tokens.issue(user, family_id),
        refresh_token=secret,
        expires_in=int(tokens.lifetime),
    )


async def _count_attempt(address: str, cache: Cache) -> str:
    """Counted before the password is looked at, so that parallel guesses count too; the cache's key.

    Unknown accounts are counted alike: the limit does not tell which addresses have one.
    """
    key = f"sign-in:{_fingerprint(address)}"
    attempts = await cache.increment(key, ttl=WINDOW)
    if attempts == 1:
        await cache.set(f"{key}:until", str(time.time() + WINDOW).encode(), ttl=WINDOW)
    if attempts > MAX_ATTEMPTS:
        until = await cache.get(f"{key}:until")
        raise RateLimited(
            "too many failed attempts to sign in to this account; wait, then try again",
            retry_after=WINDOW if until is None else float(until) - time.time(),
        )
    return key


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
