"""Accounts as administrators make and change them. Called by the users routes, which find them."""

import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from shared.auth.passwords import Passwords
from shared.auth.sessions import normalised_email
from shared.domain import Principal, User
from shared.errors import AccessDenied, Conflict
from shared.metadata_stores.base import MetadataStore
from shared.telemetry.audit import audit

# Of a password that is made here and may be read out: 100 bits in characters that look like no other.
_SPOKEN, _LENGTH = "abcdefghijkmnpqrstuvwxyz23456789", 20


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is None stays."""

    is_disabled: bool | None = None
    is_administrator: bool | None = None
    manages_organisation: bool | None = None
    password: str | None = None


def made_password() -> str:
    return "".join(secrets.choice(_SPOKEN) for _ in range(_LENGTH))


async def create_account(
    email: str,
    password: str | None,
    *,
    organisation_id: str,
    actor: Principal,
    store: MetadataStore,
    passwords: Passwords,
) -> tuple[User, str | None]:
    """The account and, where none is given, the password that was made for it.

    Errors: `InvalidRequest`, `Conflict` for a taken address, of whatever organisation.
    """
    address = normalised_email(email)
    made = made_password() if password is None else None
    user = User(
        id=uuid4().hex,
        email=address,
        password_hash=await passwords.hash(password or made or "", email=address),
        is_administrator=False,
        created_at=time.time(),
        organisation_id=organisation_id,
    )
    if await store.add_user(user, first_is_administrator=False) is None:
        raise Conflict("this e-mail address has an account")
    audit("user_changed", actor=actor.user_id, subject=user.id, reason="created")
    return user, made


async def change_account(
    user: User, wanted: Changes, *, actor: Principal, store: MetadataStore, passwords: Passwords
) -> User:
    """The account as it is then. A disabled one, and one that gets a password, has no sessions any more.

    Errors: `AccessDenied` for a manager who would administer the installation, or whoever does;
    `Conflict` for what locks the actor, or everybody, out; `InvalidRequest` for a password.
    """
    check_may_change(user, actor)
    if wanted.is_administrator is not None and not actor.is_administrator:
        raise AccessDenied("who administers the installation is for those who do")
    if user.id == actor.user_id:
        _check_keeps_own(wanted)
    chosen = None if wanted.password is None else await passwords.hash(wanted.password, email=user.email)
    changed = await store.set_user(
        user.id,
        is_disabled=wanted.is_disabled,
        is_administrator=wanted.is_administrator,
        manages_organisation=wanted.manages_organisation,
    )
    if changed is None:
        raise Conflict("nobody would be left who administers the installation")
    if chosen is not None:
        await store.set_password_hash(user.id, chosen)
    if chosen is not None or wanted.is_disabled:
        await store.revoke_user_tokens(user.id, now=time.time())
    audit("user_changed", actor=actor.user_id, subject=user.id, reason=_told(wanted))
    return changed


async def end_sessions(user: User, *, actor: Principal, store: MetadataStore) -> None:
    """All of theirs, and their personal access tokens. Errors: `AccessDenied` as in `change_account`."""
    check_may_change(user, actor)
    await store.revoke_user_tokens(user.id, now=time.time())
    await store.remove_personal_tokens(user.id)
    audit("session_ended", actor=actor.user_id, subject=user.id, reason="every session and personal token")


def check_may_change(user: User, actor: Principal) -> None:
    """Whoever sets an administrator's password is one: managers of an organisation stay below."""
    if user.is_administrator and not actor.is_administrator:
        raise AccessDenied("who administers the installation is for those who do")


def _check_keeps_own(wanted: Changes) -> None:
    if wanted.password is not None:
        raise Conflict("change your own password where you give the old one: PUT /api/auth/password")
    if wanted.is_disabled or False in (wanted.is_administrator, wanted.manages_organisation):
        raise Conflict("nobody takes their own rights: ask another administrator")


def _told(wanted: Changes) -> str:
    claims = ("is_disabled", "is_administrator", "manages_organisation")
    told = [f"{name}: {value}" for name in claims if (value := getattr(wanted, name)) is not None]
    return ", ".join([*told, *(["password set"] if wanted.password is not None else [])])
