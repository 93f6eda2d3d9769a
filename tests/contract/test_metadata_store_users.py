"""What every metadata store promises about users and refresh tokens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import RefreshToken, User
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES, in_processes

T = 4_000_000_000.0  # far ahead: a store may forget what has expired by its own clock


@pytest.fixture(params=METADATA_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[kind](tmp_path) as store:
        yield store


def user(name: str, *, is_administrator: bool = False) -> User:
    return User(
        id=f"id of {name}",
        email=f"{name}@example.org",
        password_hash="hash",
        is_administrator=is_administrator,
        created_at=1.0,
    )


def token(name: str, *, family: str = "f", owner: str = "u", expires_at: float = T + 100) -> RefreshToken:
    return RefreshToken(
        token_hash=name, family_id=family, user_id=owner, issued_at=1.0, expires_at=expires_at
    )


async def test_a_user_is_found_by_id_and_by_email(store: MetadataStore) -> None:
    added = await store.add_user(user("ann"), first_is_administrator=False)
    assert added == user("ann")
    assert await store.user("id of ann") == added
    assert await store.user_by_email("ann@example.org") == added
    assert await store.user("nobody") is None
    assert await store.user_by_email("' OR 1=1 --") is None


async def test_an_email_is_taken_once(store: MetadataStore) -> None:
    await store.add_user(user("ann"), first_is_administrator=False)
    twin = replace(user("ann"), id="another")
    assert await store.add_user(twin, first_is_administrator=True) is None
    assert await store.list_users() == [user("ann")]


async def test_the_first_user_becomes_administrator_only_where_that_is_asked(store: MetadataStore) -> None:
    first = await store.add_user(user("ann"), first_is_administrator=True)
    second = await store.add_user(user("ben"), first_is_administrator=True)
    made = await store.add_user(user("cem", is_administrator=True), first_is_administrator=False)
    assert [u.is_administrator for u in (first, second, made) if u] == [True, False, True]
    assert await store.list_users() == [first, second, made]


async def test_of_many_first_registrations_one_becomes_administrator(store: MetadataStore) -> None:
    added = await asyncio.gather(
        *(store.add_user(user(f"user{number}"), first_is_administrator=True) for number in range(20))
    )
    assert sum(u.is_administrator for u in added if u) == 1


async def test_of_many_registrations_of_one_email_one_succeeds(store: MetadataStore) -> None:
    added = await asyncio.gather(
        *(
            store.add_user(replace(user("ann"), id=str(number)), first_is_administrator=True)
            for number in range(20)
        )
    )
    assert sum(u is not None for u in added) == 1


async def test_a_password_hash_is_replaced(store: MetadataStore) -> None:
    await store.add_user(user("ann"), first_is_administrator=False)
    await store.set_password_hash("id of ann", "new")
    await store.set_password_hash("nobody", "new")
    changed = await store.user("id of ann")
    assert changed is not None
    assert changed.password_hash == "new"


async def test_a_token_is_claimed_once_and_replay_sees_the_rotation(store: MetadataStore) -> None:
    assert await store.add_refresh_token(token("t"))
    assert await store.claim_refresh_token("t", now=T + 5) == token("t")
    assert await store.claim_refresh_token("t", now=T + 6) == replace(token("t"), rotated_at=T + 5)
    assert await store.refresh_token("t") == replace(token("t"), rotated_at=T + 5)
    assert await store.claim_refresh_token("unknown", now=T + 5) is None
    assert await store.refresh_token("unknown") is None


async def test_expired_and_revoked_tokens_cannot_be_claimed(store: MetadataStore) -> None:
    await store.add_refresh_token(token("expired", family="g", expires_at=T + 5))
    await store.add_refresh_token(token("revoked"))
    await store.revoke_family("f", now=T + 4)
    await store.claim_refresh_token("expired", now=T + 5)
    await store.claim_refresh_token("revoked", now=T + 5)
    assert await store.refresh_token("expired") == token("expired", family="g", expires_at=T + 5)
    assert await store.refresh_token("revoked") == replace(token("revoked"), revoked_at=T + 4)


async def test_of_twenty_claims_one_wins(store: MetadataStore) -> None:
    await store.add_refresh_token(token("t"))
    claims = await asyncio.gather(*(store.claim_refresh_token("t", now=T + 5) for _ in range(20)))
    assert sum(claim is not None and claim.rotated_at is None for claim in claims) == 1


def race_in_process(kind: str, folder: Path, process: int) -> tuple[int, int]:
    async def run() -> tuple[int, int]:
        async with METADATA_STORES[kind](folder) as store:
            wins = administrators = 0
            for number in range(20):
                claim = await store.claim_refresh_token(f"t{number}", now=T + 5)
                wins += claim is not None and claim.rotated_at is None
                added = await store.add_user(user(f"{process}.{number}"), first_is_administrator=True)
                administrators += added is not None and added.is_administrator
            return wins, administrators

    return asyncio.run(run())


async def test_among_processes_each_token_has_one_winner_and_the_store_one_first_user(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    for number in range(20):
        await store.add_refresh_token(token(f"t{number}"))
    results = await in_processes(race_in_process, [(kind, tmp_path, process) for process in range(3)])
    assert sum(wins for wins, _ in results) == 20
    assert sum(administrators for _, administrators in results) == 1
    assert len(await store.list_users()) == 60


async def test_revoking_a_family_ends_it_and_no_other(store: MetadataStore) -> None:
    await store.add_refresh_token(token("a", family="f"))
    await store.add_refresh_token(token("b", family="g"))
    assert await store.family_is_live("f", now=T + 5)
    await store.revoke_family("f", now=T + 5)
    await store.revoke_family("f", now=T + 9)
    assert await store.refresh_token("a") == replace(token("a"), revoked_at=T + 5)
    assert not await store.family_is_live("f", now=T + 6)
    assert await store.family_is_live("g", now=T + 6)
    assert not await store.family_is_live("g", now=T + 100), "expired"
    assert not await store.family_is_live("unknown", now=T + 6)


async def test_a_revoked_family_takes_no_new_link(store: MetadataStore) -> None:
    await store.add_refresh_token(token("a"))
    await store.claim_refresh_token("a", now=T + 5)
    await store.revoke_family("f", now=T + 5)
    assert not await store.add_refresh_token(token("b"))
    assert await store.refresh_token("b") is None
    assert not await store.family_is_live("f", now=T + 6)


async def test_a_link_added_beside_its_familys_revocation_is_not_live(store: MetadataStore) -> None:
    for family in map(str, range(20)):
        await store.add_refresh_token(token(f"a{family}", family=family))
        await asyncio.gather(
            store.add_refresh_token(token(f"b{family}", family=family)),
            store.revoke_family(family, now=T + 5),
        )
        link = await store.refresh_token(f"b{family}")
        assert link is None or link.revoked_at == T + 5
        assert not await store.family_is_live(family, now=T + 6)


async def test_all_tokens_of_a_user_are_revoked_together(store: MetadataStore) -> None:
    await store.add_refresh_token(token("a", family="f"))
    await store.add_refresh_token(token("b", family="g"))
    await store.add_refresh_token(token("c", family="h", owner="other"))
    await store.revoke_user_tokens("u", now=T + 5)
    live = [family for family in "fgh" if await store.family_is_live(family, now=T + 6)]
    assert live == ["h"]


async def test_only_tokens_expired_before_then_are_forgotten(store: MetadataStore) -> None:
    await store.add_refresh_token(token("old", expires_at=T + 10))
    await store.add_refresh_token(token("new", expires_at=T + 20))
    assert await store.purge_refresh_tokens(before=T + 20) == 1
    assert await store.refresh_token("old") is None
    assert await store.refresh_token("new") is not None
