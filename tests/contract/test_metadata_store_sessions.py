"""What every metadata store promises about refresh tokens and the sessions that they make."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import RefreshToken, Session
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


def token(
    name: str,
    *,
    family: str = "f",
    owner: str = "u",
    issued_at: float = 1.0,
    expires_at: float = T + 100,
    began_at: float | None = 1.0,
) -> RefreshToken:
    return RefreshToken(
        token_hash=name,
        family_id=family,
        user_id=owner,
        issued_at=issued_at,
        expires_at=expires_at,
        began_at=began_at,
        client="Firefox",
    )


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


def race_in_process(kind: str, folder: Path) -> int:
    async def run() -> int:
        async with METADATA_STORES[kind](folder) as store:
            claims = [await store.claim_refresh_token(f"t{number}", now=T + 5) for number in range(20)]
            return sum(claim is not None and claim.rotated_at is None for claim in claims)

    return asyncio.run(run())


async def test_among_processes_each_token_has_one_winner(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    for number in range(20):
        await store.add_refresh_token(token(f"t{number}"))
    wins = await in_processes(race_in_process, [(kind, tmp_path)] * 3)
    assert sum(wins) == 20


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


async def test_all_of_a_users_families_but_one_are_revoked_together(store: MetadataStore) -> None:
    for family in "fgh":
        await store.add_refresh_token(token(family, family=family))
    await store.revoke_user_tokens("u", now=T + 5, spare="g")
    live = [family for family in "fgh" if await store.family_is_live(family, now=T + 6)]
    assert live == ["g"]


async def test_a_session_is_told_from_its_first_link_to_its_last(store: MetadataStore) -> None:
    await store.add_refresh_token(token("a", expires_at=T + 50))
    await store.add_refresh_token(token("b", issued_at=9.0, expires_at=T + 60))
    await store.add_refresh_token(token("c", issued_at=5.0, expires_at=T + 55))
    told = Session(id="f", began_at=1.0, used_at=9.0, expires_at=T + 60, client="Firefox")
    assert await store.sessions("u", now=T) == [told]


async def test_a_link_without_a_beginning_begins_its_session(store: MetadataStore) -> None:
    await store.add_refresh_token(token("a", issued_at=7.0, began_at=None))
    assert [session.began_at for session in await store.sessions("u", now=T)] == [7.0]
    found = await store.refresh_token("a")
    assert found is not None
    assert found.began_at is None


async def test_only_live_sessions_of_the_user_are_listed_the_one_used_last_first(
    store: MetadataStore,
) -> None:
    await store.add_refresh_token(token("early", family="early", issued_at=2.0))
    await store.add_refresh_token(token("late", family="late", issued_at=3.0))
    await store.add_refresh_token(token("expired", family="expired", expires_at=T + 5))
    await store.add_refresh_token(token("revoked", family="revoked"))
    await store.add_refresh_token(token("other", family="other", owner="other"))
    await store.revoke_family("revoked", now=T)
    assert [session.id for session in await store.sessions("u", now=T + 5)] == ["late", "early"]
    assert await store.sessions("' OR 1=1 --", now=T + 5) == []


async def test_links_that_are_added_at_once_are_all_of_their_family(store: MetadataStore) -> None:
    links = [token(f"t{number}", issued_at=float(number)) for number in range(50)]
    assert all(await asyncio.gather(*map(store.add_refresh_token, links)))
    (session,) = await store.sessions("u", now=T)
    assert (session.began_at, session.used_at) == (1.0, 49.0)
    await store.revoke_family("f", now=T)
    found = await asyncio.gather(*(store.refresh_token(link.token_hash) for link in links))
    assert all(link is not None and link.revoked_at == T for link in found)
