"""Sessions over the real metadata store and cache: sign in, rotation, replay, ends."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.auth import sessions
from shared.auth.guesses import fingerprint
from shared.auth.sessions import Lifetimes, Tokens
from shared.domain import RefreshToken
from shared.errors import AccessDenied, Conflict, InvalidRequest, NotAuthenticated, NotFound
from tests.stand_ins.door import Door


async def test_the_first_account_administers_and_later_ones_do_not(door: Door) -> None:
    assert (await door.register("ada@example.org")).is_administrator
    assert not (await door.register("bob@example.org")).is_administrator


async def test_a_closed_registration_lets_only_the_first_account_in(door: Door) -> None:
    assert (await door.register("ada@example.org", is_open=False)).is_administrator
    with pytest.raises(AccessDenied):
        await door.register("bob@example.org", is_open=False)


async def test_an_address_has_one_account_however_it_is_written(door: Door) -> None:
    assert (await door.register(" Ada@Example.org ")).email == "ada@example.org"
    with pytest.raises(Conflict):
        await door.register("ada@EXAMPLE.org")
    assert (await door.sign_in("\tADA@example.org\n")).access_token


@pytest.mark.parametrize(
    "email", ["", "ada", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\nc", "a\x00@b", "x" * 250 + "@b.org"]
)
async def test_what_is_no_address_is_refused(door: Door, email: str) -> None:
    with pytest.raises(InvalidRequest):
        await door.register(email)


async def test_a_session_names_its_user_and_lasts_as_long_as_its_token(door: Door) -> None:
    user = await door.register()
    session = await door.sign_in()
    principal = await door.tokens.verify(session.access_token)
    assert (principal.user_id, principal.email, principal.is_administrator) == (user.id, user.email, True)
    assert session.expires_in == 900
    assert await door.is_live(session)


async def test_the_store_never_sees_a_refresh_token(door: Door, tmp_path: Path) -> None:
    await door.register()
    secret = (await door.sign_in()).refresh_token
    assert len(secret) >= 43
    assert await door.users.refresh_token(secret) is None
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())


async def test_a_refresh_gives_the_next_link_of_the_same_family(door: Door) -> None:
    await door.register()
    first = await door.sign_in()
    second = await door.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    families = {(await door.tokens.verify(each.access_token)).family_id for each in (first, second)}
    assert len(families) == 1


async def test_a_rotated_token_works_again_for_a_moment(door: Door) -> None:
    await door.register()
    first = await door.sign_in()
    tabs = await asyncio.gather(*(door.refresh(first.refresh_token) for _ in range(4)))
    assert len({tab.refresh_token for tab in tabs}) == 4
    for tab in tabs:
        assert await door.refresh(tab.refresh_token)


async def test_a_replay_after_that_ends_the_session_for_everybody(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.register()
    first = await door.sign_in()
    second = await door.refresh(first.refresh_token)
    monkeypatch.setattr(sessions, "GRACE", 0.0)
    for token in (first.refresh_token, second.refresh_token, first.refresh_token):
        with pytest.raises(NotAuthenticated):
            await door.refresh(token)
    assert not await door.is_live(second)
    assert await door.sign_in()  # a new session is another family


async def test_signing_out_ends_every_link_of_the_session_and_no_other(door: Door) -> None:
    await door.register()
    here, elsewhere = await door.sign_in(), await door.sign_in()
    later = await door.refresh(here.refresh_token)
    await sessions.sign_out(here.refresh_token, store=door.users)
    for token in (here.refresh_token, later.refresh_token):
        with pytest.raises(NotAuthenticated):
            await door.refresh(token)
    assert not await door.is_live(later)
    assert await door.refresh(elsewhere.refresh_token)


async def test_signing_out_with_an_unknown_token_is_no_error(door: Door) -> None:
    await sessions.sign_out("never issued", store=door.users)
    await sessions.sign_out("\ud800", store=door.users)


async def test_an_expired_or_unknown_token_refreshes_nothing(door: Door) -> None:
    await door.register()
    ended = await door.sign_in(lifetimes=Lifetimes(idle=0.01, whole=60.0))
    await until_ended(door, ended)
    for token in (ended.refresh_token, "", "never issued", "x" * 1000):
        with pytest.raises(NotAuthenticated):
            await door.refresh(token)


async def test_a_session_ends_when_it_is_not_used(door: Door) -> None:
    await door.register()
    session = await door.sign_in(lifetimes=Lifetimes(idle=100.0, whole=1000.0))
    link = await link_of(door, session)
    assert link.expires_at == link.issued_at + 100.0


async def test_no_link_outlives_the_whole_life_of_its_session(door: Door) -> None:
    await door.register()
    lifetimes = Lifetimes(idle=100.0, whole=150.0)
    session = await door.sign_in(lifetimes=lifetimes)
    first = await link_of(door, session)
    assert first.began_at is not None
    for _ in range(3):
        session = await door.refresh(session.refresh_token, lifetimes=Lifetimes(idle=200.0, whole=150.0))
    last = await link_of(door, session)
    assert (last.began_at, last.expires_at) == (first.began_at, first.began_at + 150.0)


async def test_a_session_older_than_sessions_may_become_by_now_ends(door: Door) -> None:
    await door.register()
    session = await door.sign_in()
    with pytest.raises(NotAuthenticated):
        await door.refresh(session.refresh_token, lifetimes=Lifetimes(idle=100.0, whole=0.0))


async def test_a_link_of_before_sessions_had_a_beginning_begins_one(door: Door) -> None:
    user = await door.register()
    now = time.time()
    old = RefreshToken(
        token_hash=fingerprint("old"), family_id="f", user_id=user.id, issued_at=now - 5, expires_at=now + 60
    )
    await door.users.add_refresh_token(old)
    link = await link_of(door, await door.refresh("old"))
    assert link.began_at == old.issued_at


async def test_of_a_hundred_uses_at_once_each_gives_a_link_that_works(door: Door) -> None:
    await door.register()
    first = await door.sign_in()
    tabs = await asyncio.gather(*(door.refresh(first.refresh_token) for _ in range(100)))
    assert len({tab.refresh_token for tab in tabs}) == 100
    assert await asyncio.gather(*(door.refresh(tab.refresh_token) for tab in tabs))
    assert len({await door.family_of(tab) for tab in tabs}) == 1


async def test_sessions_are_listed_with_what_signed_in(door: Door) -> None:
    user = await door.register()
    here = await door.sign_in(client="Firefox")
    there = await door.sign_in(client="rag")
    here = await door.refresh(here.refresh_token)
    listed = await door.users.sessions(user.id, now=time.time())
    assert [(each.id, each.client) for each in listed] == [
        (await door.family_of(here), "Firefox"),
        (await door.family_of(there), "rag"),
    ]


async def test_one_ends_ones_own_sessions_and_nobody_elses(door: Door) -> None:
    ada, bob = await door.register(), await door.register("bob@example.org")
    session = await door.sign_in()
    family = await door.family_of(session)
    for unknown in (family, "unknown"):
        with pytest.raises(NotFound) as refused:
            await sessions.end_session(unknown, user_id=bob.id, store=door.users)
        assert str(refused.value) == "there is no such session"
    assert await door.is_live(session)
    await sessions.end_session(family, user_id=ada.id, store=door.users)
    assert not await door.is_live(session)
    with pytest.raises(NotFound):
        await sessions.end_session(family, user_id=ada.id, store=door.users)


async def test_signing_out_everywhere_may_spare_one_session(door: Door) -> None:
    user = await door.register()
    here, there = await door.sign_in(), await door.sign_in()
    await sessions.end_sessions(user.id, store=door.users, spare=await door.family_of(here))
    assert (await door.is_live(here), await door.is_live(there)) == (True, False)
    await sessions.end_sessions(user.id, store=door.users)
    assert not await door.is_live(here)


async def test_who_was_disabled_or_is_unknown_cannot_refresh(door: Door) -> None:
    await door.register()
    user = await door.users.user_by_email("ada@example.org")
    assert user is not None
    disabled = replace(user, id="gone", email="gone@example.org", is_disabled=True)
    await door.users.add_user(disabled, first_is_administrator=False)
    for user_id in ("gone", "never was"):
        link = RefreshToken(
            token_hash=fingerprint(user_id),
            family_id=user_id,
            user_id=user_id,
            issued_at=time.time(),
            expires_at=time.time() + 60,
        )
        await door.users.add_refresh_token(link)
        with pytest.raises(NotAuthenticated):
            await door.refresh(user_id)
        assert not await door.users.family_is_live(user_id, now=time.time())


async def link_of(door: Door, tokens: Tokens) -> RefreshToken:
    link = await door.users.refresh_token(fingerprint(tokens.refresh_token))
    assert link is not None
    return link


async def until_ended(door: Door, tokens: Tokens) -> None:
    deadline = time.monotonic() + 10
    while await door.is_live(tokens):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
