"""Accounts and sessions: register, sign in, refresh, sign out, end. Called by the auth and session routes.

A session is a family of refresh tokens. Each use of one rotates it into the next link; using an old
link again, later than two tabs or a lost answer explain, means that it was stolen: the family dies.
"""

import re
import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from shared.auth.guesses import fingerprint, take_place
from shared.auth.passwords import Passwords
from shared.auth.tokens import AccessTokens
from shared.caches.base import Cache
from shared.domain import Principal, RefreshToken, User
from shared.errors import AccessDenied, Conflict, InvalidRequest, NotAuthenticated, NotFound
from shared.metadata_stores.base import MetadataStore
from shared.metadata_stores.base_people import UserStore
from shared.metadata_stores.base_sessions import SessionStore
from shared.telemetry.audit import audit

GRACE = 30.0  # seconds in which a rotated token may be used a second time

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_MAX_EMAIL = 254  # RFC 5321
_WRONG = "the e-mail address or the password is wrong; after too many attempts, wait a quarter of an hour"
_ENDED = "the session has ended; sign in again"


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """Of a session, in seconds."""

    idle: float  # from its last use
    whole: float  # from its beginning, however much it is used


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client gets to hold of its session."""

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
        password_hash=await passwords.hash(password, email=address),
        is_administrator=False,
        created_at=time.time(),
    )
    stored = await users.add_user(user, first_is_administrator=True)
    if stored is None:
        raise Conflict("this e-mail address has an account; sign in instead")
    audit("registered", actor=stored.id, subject=stored.id)
    return stored


async def sign_in(
    email: str,
    password: str,
    *,
    store: MetadataStore,
    passwords: Passwords,
    tokens: AccessTokens,
    cache: Cache,
    lifetimes: Lifetimes,
    client: str = "",
) -> Tokens:
    """Errors: one `NotAuthenticated` for an unknown account, a wrong password, a disabled account and one
    that was guessed at too often, after the same work; `BackendUnavailable` for a crowd at the door."""
    address = email.strip().lower()
    user = await store.user_by_email(address)
    matches = await passwords.verify(password, user.password_hash if user else None)
    # Whoever learns whether a guess is right has a place. Unknown accounts have places too.
    place = await take_place(f"sign-in:{address}", cache)
    if user is None or user.is_disabled or not matches or place is None:
        raise NotAuthenticated(_WRONG)
    await cache.delete(place)
    if passwords.needs_rehash(user.password_hash):
        renewed = await passwords.rehash(password)
        await store.set_password_hash(user.id, renewed, replaces=user.password_hash)
    family = _Family(id=uuid4().hex, began_at=time.time(), client=client)
    signed_in = await _extend(family, user, store, tokens, lifetimes)
    await _still_holds(password, user, family, store, passwords)
    audit("signed_in", actor=user.id, subject=family.id)
    return signed_in


async def refresh(
    refresh_token: str, *, store: MetadataStore, tokens: AccessTokens, lifetimes: Lifetimes
) -> Tokens:
    """The next link of the session. Errors: one `NotAuthenticated`, whatever is wrong with the token."""
    now = time.time()
    used = await store.claim_refresh_token(fingerprint(refresh_token), now=now)
    if used is None or used.revoked_at is not None or used.expires_at <= now:
        raise NotAuthenticated(_ENDED)
    user = await store.user(used.user_id)
    is_replayed = used.rotated_at is not None and now - used.rotated_at > GRACE
    if is_replayed or user is None or user.is_disabled:
        await store.revoke_family(used.family_id, now=now)
        reason = "replayed" if is_replayed else "disabled"
        audit("session_ended", actor=used.user_id, subject=used.family_id, reason=reason)
        raise NotAuthenticated(_ENDED)
    began_at = used.issued_at if used.began_at is None else used.began_at
    family = _Family(id=used.family_id, began_at=began_at, client=used.client)
    return await _extend(family, user, store, tokens, lifetimes)


async def sign_out(refresh_token: str, *, store: SessionStore) -> None:
    """End the session the token belongs to; an unknown token is as good as signed out (RFC 7009 §2.2)."""
    known = await store.refresh_token(fingerprint(refresh_token))
    if known is not None:
        await store.revoke_family(known.family_id, now=time.time())
        audit("signed_out", actor=known.user_id, subject=known.family_id)


async def end_session(session_id: str, *, user_id: str, store: SessionStore) -> None:
    """One of the user's own. Errors: `NotFound`, also for somebody else's."""
    now = time.time()
    if session_id not in {session.id for session in await store.sessions(user_id, now=now)}:
        raise NotFound("there is no such session")
    await store.revoke_family(session_id, now=now)
    audit("session_ended", actor=user_id, subject=session_id)


async def end_sessions(user_id: str, *, store: SessionStore, spare: str | None = None) -> None:
    """All of the user's but `spare`."""
    await store.revoke_user_tokens(user_id, now=time.time(), spare=spare)
    audit("session_ended", actor=user_id, subject=user_id, reason="all" if spare is None else "all others")


async def change_password(
    caller: Principal, current: str, new: str, *, store: MetadataStore, passwords: Passwords, cache: Cache
) -> None:
    """It ends the caller's other sessions. Errors: `AccessDenied` unless `current` is the password,
    `InvalidRequest` for what cannot be one, `Conflict` if another one was set at this moment."""
    user = await store.user(caller.user_id)
    if user is None:
        raise AccessDenied("this account has no password here; change it where you sign in")
    matches = await passwords.verify(current, user.password_hash)
    # Places of its own: guesses of strangers, who have no session, keep nobody from a better password.
    place = await take_place(f"change-password:{user.id}", cache)
    if not matches or place is None:
        raise AccessDenied("this is not the password; after too many attempts, wait a quarter of an hour")
    await cache.delete(place)
    chosen = await passwords.hash(new, email=user.email)
    if not await store.set_password_hash(user.id, chosen, replaces=user.password_hash):
        raise Conflict("the password was changed at this moment; try again")
    await store.revoke_user_tokens(user.id, now=time.time(), spare=caller.family_id)
    audit("password_changed", actor=user.id, subject=user.id)


def normalised_email(email: str) -> str:
    """Errors: `InvalidRequest` for what is no e-mail address at all."""
    address = email.strip().lower()
    if len(address) > _MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise InvalidRequest("this is not an e-mail address")
    return address


@dataclass(frozen=True, kw_only=True)
class _Family:
    id: str
    began_at: float
    client: str


async def _extend(
    family: _Family, user: User, store: SessionStore, tokens: AccessTokens, lifetimes: Lifetimes
) -> Tokens:
    secret = secrets.token_urlsafe(32)
    now = time.time()
    link = RefreshToken(
        token_hash=fingerprint(secret),
        family_id=family.id,
        user_id=user.id,
        issued_at=now,
        expires_at=min(now + lifetimes.idle, family.began_at + lifetimes.whole),
        began_at=family.began_at,
        client=family.client,
    )
    # It may have been revoked meanwhile, and the life of sessions been shortened.
    if link.expires_at <= now or not await store.add_refresh_token(link):
        raise NotAuthenticated(_ENDED)
    return Tokens(
        access_token=await tokens.issue(user, family.id),
        refresh_token=secret,
        expires_in=int(tokens.lifetime),
    )


async def _still_holds(
    password: str, verified: User, family: _Family, store: MetadataStore, passwords: Passwords
) -> None:
    """Let no session begin with a password that was changed, or an account that was disabled, while it did:
    that ended the sessions that there were. Errors: `NotAuthenticated`."""
    user = await store.user(verified.id)
    if user is not None and not user.is_disabled:
        is_same = user.password_hash == verified.password_hash
        if is_same or await passwords.verify(password, user.password_hash):
            return
    await store.revoke_family(family.id, now=time.time())
    raise NotAuthenticated(_WRONG)
