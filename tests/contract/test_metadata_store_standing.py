"""What every metadata store promises about who is behind a session at this moment."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import RefreshToken, Standing, User
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES

T = 4_000_000_000.0  # far ahead: a store may forget what has expired by its own clock
ADA = User(id="ada", email="ada@example.org", password_hash="hash", is_administrator=False, created_at=1.0)
EVE = User(id="eve", email="eve@example.org", password_hash="hash", is_administrator=True, created_at=1.0)


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    """Ada has the session `f`; Eve administers."""
    link = RefreshToken(token_hash="t", family_id="f", user_id="ada", issued_at=T, expires_at=T + 9)
    async with METADATA_STORES[request.param](tmp_path) as store:
        for user in (ADA, EVE):
            await store.add_user(user, first_is_administrator=False)
        await store.add_refresh_token(link)
        yield store


async def test_a_live_session_is_its_users_standing(store: MetadataStore) -> None:
    assert await store.session_standing("ada", "f", now=T) == Standing(user=ADA, groups=frozenset())


@pytest.mark.parametrize(
    ("user_id", "family_id", "now"),
    [("ada", "g", T), ("nobody", "f", T), ("ada", "f", T + 9), ("ada", "", T)],
)
async def test_no_session_and_no_user_are_nobody(
    store: MetadataStore, user_id: str, family_id: str, now: float
) -> None:
    assert await store.session_standing(user_id, family_id, now=now) is None


async def test_a_revoked_session_is_nobodys(store: MetadataStore) -> None:
    await store.revoke_family("f", now=T)
    assert await store.session_standing("ada", "f", now=T) is None


async def test_a_disabled_users_session_is_nobodys_until_they_are_let_in_again(store: MetadataStore) -> None:
    await store.set_user("ada", is_disabled=True)
    assert await store.session_standing("ada", "f", now=T) is None
    again = await store.set_user("ada", is_disabled=False)
    assert again is not None
    assert await store.session_standing("ada", "f", now=T) == Standing(user=again, groups=frozenset())
