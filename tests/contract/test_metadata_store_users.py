"""What every metadata store promises about users."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import User
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES, in_processes


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


async def test_a_password_hash_is_replaced_only_while_it_is_the_expected_one(store: MetadataStore) -> None:
    await store.add_user(user("ann"), first_is_administrator=False)
    assert not await store.set_password_hash("id of ann", "new", replaces="another")
    assert await store.user("id of ann") == user("ann")
    assert await store.set_password_hash("id of ann", "new", replaces="hash")
    assert not await store.set_password_hash("id of ann", "newer", replaces="hash")
    assert not await store.set_password_hash("nobody", "new", replaces="hash")


def race_in_process(kind: str, folder: Path, process: int) -> int:
    async def run() -> int:
        async with METADATA_STORES[kind](folder) as store:
            added = [
                await store.add_user(user(f"{process}.{number}"), first_is_administrator=True)
                for number in range(20)
            ]
            return sum(each is not None and each.is_administrator for each in added)

    return asyncio.run(run())


async def test_among_processes_the_store_has_one_first_user(
    store: MetadataStore, kind: str, tmp_path: Path
) -> None:
    calls = [(kind, tmp_path, process) for process in range(3)]
    assert sum(await in_processes(race_in_process, calls)) == 1
    assert len(await store.list_users()) == 60
