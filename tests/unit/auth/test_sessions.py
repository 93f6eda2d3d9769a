"""Sessions over the real metadata store and cache: sign in, rotation, replay, the limit of guesses."""

import asyncio
import statistics
import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.auth import sessions
from shared.domain import RefreshToken, User
from shared.errors import AccessDenied, Conflict, InvalidRequest, NotAuthenticated
from tests.stand_ins.door import PASSWORD, Door


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


async def test_unknown_and_known_accounts_take_the_same_work(door: Door) -> None:
    await door.register()

    async def cpu_of(email: str) -> float:
        started = time.process_time()
        with pytest.raises(NotAuthenticated):
            await door.sign_in(email, "wrong horse")
        return time.process_time() - started

    await cpu_of("warm@example.org")
    known = statistics.median([await cpu_of("ada@example.org") for _ in range(5)])
    unknown = statistics.median([await cpu_of("nobody@example.org") for _ in range(5)])
    assert 0.4 < unknown / known < 2.5


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
    await sessions.sign_out(here.refresh_token, users=door.users)
    for token in (here.refresh_token, later.refresh_token):
        with pytest.raises(NotAuthenticated):
            await door.refresh(token)
    assert not await door.is_live(later)
    assert await door.refresh(elsewhere.refresh_token)


async def test_signing_out_with_an_unknown_token_is_no_error(door: Door) -> None:
    await sessions.sign_out("never issued", users=door.users)
    await sessions.sign_out("\ud800", users=door.users)


async def test_an_expired_or_unknown_token_refreshes_nothing(door: Door) -> None:
    await door.register()
    ended = await door.refresh((await door.sign_in()).refresh_token, lifetime=-1.0)
    for token in (ended.refresh_token, "", "never issued", "x" * 1000):
        with pytest.raises(NotAuthenticated):
            await door.refresh(token)


async def test_who_was_disabled_or_is_unknown_cannot_refresh(door: Door) -> None:
    await door.register()
    user = await door.users.user_by_email("ada@example.org")
    assert user is not None
    disabled = replace(user, id="gone", email="gone@example.org", is_disabled=True)
    await door.users.add_user(disabled, first_is_administrator=False)
    for user_id in ("gone", "never was"):
        link = RefreshToken(
            token_hash=sessions._fingerprint(user_id),
            family_id=user_id,
            user_id=user_id,
            issued_at=time.time(),
            expires_at=time.time() + 60,
        )
        await door.users.add_refresh_token(link)
        with pytest.raises(NotAuthenticated):
            await door.refresh(user_id)
        assert not await door.users.family_is_live(user_id, now=time.time())
