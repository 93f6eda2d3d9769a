"""Signing in while the account changes, and what refusals have in common."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from shared.auth.guesses import MOST_GUESSES, take_place
from shared.auth.passwords import MOST_WAITING, Passwords
from shared.domain import Principal, User
from shared.errors import AccessDenied, BackendUnavailable, Conflict, InvalidRequest, NotAuthenticated
from tests.planted import planted
from tests.stand_ins.door import PASSWORD, Door

LONGER = planted("longer password")


class Interrupted(Passwords):
    """Something else happens right after a password was checked, and right after one was hashed again."""

    def __init__(self) -> None:
        super().__init__()
        self.after_check: Callable[[], Awaitable[object]] | None = None
        self.after_rehash: Callable[[], Awaitable[object]] | None = None

    async def verify(self, password: str, password_hash: str | None) -> bool:
        matches = await super().verify(password, password_hash)
        happens, self.after_check = self.after_check, None
        if happens is not None:
            await happens()
        return matches

    async def rehash(self, password: str) -> str:
        made = await super().rehash(password)
        if self.after_rehash is not None:
            await self.after_rehash()
        return made


@pytest.fixture
async def interrupted() -> AsyncIterator[Interrupted]:
    passwords = Interrupted()
    yield passwords
    await passwords.close()


async def live_sessions(door: Door, user: User) -> int:
    return len(await door.users.sessions(user.id, now=time.time()))


async def test_unknown_wrong_and_disabled_are_refused_alike(door: Door) -> None:
    await door.register()
    disabled = User(
        id="gone",
        email="gone@example.org",
        password_hash=await door.passwords.hash(PASSWORD),
        is_administrator=False,
        created_at=0.0,
        is_disabled=True,
    )
    await door.users.add_user(disabled, first_is_administrator=False)
    told = set()
    for email, password in [
        ("ada@example.org", "wrong horse"),
        ("ada@example.org", ""),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("gone@example.org", PASSWORD),
    ]:
        with pytest.raises(NotAuthenticated) as refused:
            await door.sign_in(email, password)
        told.add(str(refused.value))
    assert len(told) == 1


async def test_no_session_begins_with_a_password_that_is_being_changed(
    door: Door, interrupted: Interrupted
) -> None:
    user = await door.register()
    caller = Principal(user_id=user.id, email=user.email, family_id="theirs")
    interrupted.after_check = lambda: door.change_password(caller, PASSWORD, LONGER)
    with pytest.raises(NotAuthenticated):
        await replace(door, passwords=interrupted).sign_in()
    assert await live_sessions(door, user) == 0
    assert await door.sign_in(password=LONGER)


async def test_no_session_begins_in_an_account_that_is_being_disabled(
    door: Door, interrupted: Interrupted
) -> None:
    await door.register()
    user = await door.register("bob@example.org")

    async def disable() -> None:
        await door.users.set_user(user.id, is_disabled=True)
        await door.users.revoke_user_tokens(user.id, now=time.time())

    interrupted.after_check = disable
    with pytest.raises(NotAuthenticated):
        await replace(door, passwords=interrupted).sign_in("bob@example.org")
    assert await live_sessions(door, user) == 0


async def with_a_cheap_hash(door: Door, password: str) -> User:
    user = await door.register()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
    assert await door.users.set_password_hash(user.id, cheap)
    return user


@pytest.mark.parametrize("password", [PASSWORD, "password", "x"])
async def test_a_hash_of_another_cost_is_renewed_at_sign_in_whatever_new_passwords_must_be(
    door: Door, password: str
) -> None:
    user = await with_a_cheap_hash(door, password)
    await asyncio.gather(*(door.sign_in(password=password) for _ in range(3)))
    renewed = await door.users.user(user.id)
    assert renewed is not None
    assert renewed.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await door.sign_in(password=password)


async def test_a_renewed_hash_never_takes_the_place_of_another_password(
    door: Door, interrupted: Interrupted
) -> None:
    user = await with_a_cheap_hash(door, PASSWORD)
    new = await door.passwords.hash(LONGER)
    interrupted.after_rehash = lambda: door.users.set_password_hash(user.id, new)
    with pytest.raises(NotAuthenticated):
        await replace(door, passwords=interrupted).sign_in()
    stored = await door.users.user(user.id)
    assert stored is not None
    assert stored.password_hash == new


async def test_a_changed_password_ends_the_other_sessions(door: Door) -> None:
    user = await door.register()
    here, there = await door.sign_in(), await door.sign_in()
    caller = Principal(user_id=user.id, email=user.email, family_id=await door.family_of(here))
    await door.change_password(caller, PASSWORD, LONGER)
    assert (await door.is_live(here), await door.is_live(there)) == (True, False)
    assert await door.sign_in(password=LONGER)
    with pytest.raises(NotAuthenticated):
        await door.sign_in()


@pytest.mark.parametrize("new", ["short", "x" * 129, "password123", "ADA@example.org", "RAG-Functions"])
async def test_a_new_password_must_be_one(door: Door, new: str) -> None:
    user = await door.register()
    caller = Principal(user_id=user.id, email=user.email)
    with pytest.raises(InvalidRequest):
        await door.change_password(caller, PASSWORD, new)
    assert await door.sign_in()


async def test_of_two_changes_at_once_one_is_told_of_the_other(door: Door) -> None:
    user = await door.register()
    caller = Principal(user_id=user.id, email=user.email)
    changes = (door.change_password(caller, PASSWORD, f"{LONGER} {number}") for number in range(2))
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict]


async def test_who_has_no_account_here_has_no_password_to_change(door: Door) -> None:
    with pytest.raises(AccessDenied, match="where you sign in"):
        await door.change_password(Principal(user_id="theirs", email="x@y"), PASSWORD, LONGER)


async def test_who_is_turned_away_by_a_crowd_has_not_guessed(door: Door) -> None:
    await door.register()
    crowd = asyncio.gather(*(door.passwords.verify("wrong horse", None) for _ in range(MOST_WAITING)))
    await asyncio.sleep(0)
    with pytest.raises(BackendUnavailable):
        await door.sign_in()
    await crowd
    assert all([await take_place("sign-in:ada@example.org", door.cache) for _ in range(MOST_GUESSES)])
