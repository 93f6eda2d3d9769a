"""What every metadata store promises about personal access tokens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import PersonalToken, Scope
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES


@pytest.fixture(params=METADATA_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[kind](tmp_path) as store:
        yield store


def token(
    name: str, *, owner: str = "u", expires_at: float = 100.0, scopes: frozenset[Scope] = frozenset({"query"})
) -> PersonalToken:
    return PersonalToken(
        id=f"id of {owner}'s {name}",
        token_hash=f"hash of {owner}'s {name}",
        user_id=owner,
        name=name,
        scopes=scopes,
        created_at=1.5,
        expires_at=expires_at,
    )


@pytest.mark.parametrize("scopes", [{"query"}, {"query", "ingest", "admin"}, set()], ids=len)
async def test_a_token_is_found_by_its_hash_as_it_was_stored(
    store: MetadataStore, scopes: set[Scope]
) -> None:
    given = token("ci", scopes=frozenset(scopes))
    assert await store.add_personal_token(given)
    assert await store.personal_token(given.token_hash) == given
    assert await store.personal_token(given.id) is None
    assert await store.personal_token("' OR 1=1 --") is None


async def test_an_id_a_hash_and_a_name_among_ones_own_are_taken_once(store: MetadataStore) -> None:
    first = token("ci")
    assert await store.add_personal_token(first)
    for other in (
        replace(token("b"), id=first.id),
        replace(token("c", owner="v"), token_hash=first.token_hash),
        replace(token("d"), name="ci"),
    ):
        assert not await store.add_personal_token(other)
    assert await store.add_personal_token(token("ci", owner="v"))
    assert await store.personal_tokens("u") == [first]


async def test_of_many_tokens_of_one_name_one_is_stored(store: MetadataStore) -> None:
    twins = [replace(token(str(number)), name="ci") for number in range(20)]
    added = await asyncio.gather(*map(store.add_personal_token, twins))
    assert added.count(True) == 1
    assert await store.personal_tokens("u") == [twins[added.index(True)]]


async def test_ones_own_are_listed_by_name_expired_ones_too(store: MetadataStore) -> None:
    for each in (token("b", expires_at=2.0), token("a"), token("c", owner="v")):
        await store.add_personal_token(each)
    assert await store.personal_tokens("u") == [token("a"), token("b", expires_at=2.0)]
    assert await store.personal_tokens("nobody") == []


async def test_only_its_owner_removes_a_token_and_only_once(store: MetadataStore) -> None:
    given = token("ci")
    await store.add_personal_token(given)
    assert not await store.remove_personal_token(given.id, user_id="v")
    assert await store.personal_token(given.token_hash) == given
    assert await store.remove_personal_token(given.id, user_id="u")
    assert await store.personal_token(given.token_hash) is None
    assert not await store.remove_personal_token(given.id, user_id="u")
    assert await store.add_personal_token(given)


async def test_removing_all_of_a_user_leaves_those_of_others(store: MetadataStore) -> None:
    for each in (token("a"), token("b"), token("a", owner="v")):
        await store.add_personal_token(each)
    await store.remove_personal_tokens("u")
    assert await store.personal_tokens("u") == []
    assert await store.personal_tokens("v") == [token("a", owner="v")]


async def test_only_tokens_expired_before_then_are_forgotten(store: MetadataStore) -> None:
    old, new = token("old", expires_at=10.0), token("new", expires_at=20.0)
    for each in (old, new):
        await store.add_personal_token(each)
    assert await store.purge_personal_tokens(before=20.0) == 1
    assert await store.personal_tokens("u") == [new]


async def test_another_process_on_the_same_store_sees_a_removal_at_once(kind: str, tmp_path: Path) -> None:
    given = token("ci")
    async with METADATA_STORES[kind](tmp_path) as here, METADATA_STORES[kind](tmp_path) as there:
        await here.add_personal_token(given)
        assert await there.personal_token(given.token_hash) == given
        await here.remove_personal_token(given.id, user_id="u")
        assert await there.personal_token(given.token_hash) is None
