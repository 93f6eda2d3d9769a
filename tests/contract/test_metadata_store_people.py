"""What every metadata store promises about where accounts stand, and about organisations."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import DEFAULT_ORGANISATION, Group, Organisation, Standing
from shared.metadata_stores.base import MetadataStore
from shared.metadata_stores.base_people import THE_DEFAULT
from tests.contract.openers import METADATA_STORES
from tests.stand_ins.accounts import account

ACME = Organisation(id="acme", name="Acme", created_at=2.0)
ZETA = Organisation(id="zeta", name="zeta", created_at=3.0)


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


async def add(store: MetadataStore, *names: str, organisation_id: str = DEFAULT_ORGANISATION) -> None:
    for name in names:
        added = account(name, organisation_id=organisation_id)
        assert await store.add_user(added, first_is_administrator=False)


async def test_an_account_stands_in_its_organisation_and_groups(store: MetadataStore) -> None:
    await store.add_organisation(ACME)
    await add(store, "ann", organisation_id="acme")
    assert await store.standing("id of ann") == Standing(
        user=account("ann", organisation_id="acme"), groups=frozenset()
    )
    for name in ("hr", "it"):
        await store.add_group(Group(id=name, organisation_id="acme", name=name, created_at=1.0))
        await store.add_member(name, "id of ann")
    standing = await store.standing("id of ann")
    assert standing is not None
    assert standing.groups == {"hr", "it"}


async def test_disabled_and_unknown_accounts_stand_nowhere(store: MetadataStore) -> None:
    await add(store, "ann")
    await store.set_user("id of ann", is_disabled=True)
    assert await store.standing("id of ann") is None
    assert await store.standing("nobody") is None
    await store.set_user("id of ann", is_disabled=False)
    assert await store.standing("id of ann") is not None


async def test_only_what_is_given_is_set(store: MetadataStore) -> None:
    await add(store, "root", "ann")
    await store.set_user("id of root", is_administrator=True)
    ann = account("ann")
    managing = replace(ann, manages_organisation=True)
    assert await store.set_user("id of ann", manages_organisation=True) == managing
    assert await store.set_user("id of ann", is_administrator=True) == replace(
        managing, is_administrator=True
    )
    assert await store.set_user("id of ann") == replace(managing, is_administrator=True)
    assert await store.set_user("id of ann", is_administrator=False, is_disabled=True) == replace(
        managing, is_disabled=True
    )
    assert await store.user("id of ann") == replace(managing, is_disabled=True)
    assert await store.set_user("nobody", is_disabled=True) is None


async def test_the_last_administrator_stays_one(store: MetadataStore) -> None:
    await add(store, "root", "ann")
    await store.set_user("id of root", is_administrator=True)
    await store.set_user("id of ann", is_administrator=True, is_disabled=True)  # counts for nothing
    assert await store.set_user("id of root", is_administrator=False) is None
    assert await store.set_user("id of root", is_disabled=True, manages_organisation=True) is None
    assert await store.user("id of root") == account("root", is_administrator=True)
    assert await store.set_user("id of root", manages_organisation=True) is not None
    assert await store.set_user("id of ann", is_disabled=False) is not None
    assert await store.set_user("id of root", is_disabled=True) is not None
    assert await store.set_user("id of ann", is_disabled=True) is None


async def test_where_nobody_administers_accounts_can_be_disabled(store: MetadataStore) -> None:
    await add(store, "ann")
    assert await store.set_user("id of ann", is_disabled=True) is not None


async def test_administrators_who_end_each_others_rights_leave_one(store: MetadataStore) -> None:
    names = [f"a{number}" for number in range(6)]
    await add(store, *names)
    for name in names:
        await store.set_user(f"id of {name}", is_administrator=True)
    await asyncio.gather(*(store.set_user(f"id of {name}", is_disabled=True) for name in names))
    left = [user for user in await store.list_users() if not user.is_disabled]
    assert left
    assert all(user.is_administrator for user in left)


async def test_users_are_listed_by_organisation(store: MetadataStore) -> None:
    await store.add_organisation(ACME)
    await add(store, "ben", "ann")
    await add(store, "cem", organisation_id="acme")

    async def emails(organisation_id: str | None) -> list[str]:
        return [user.email[0] for user in await store.list_users(organisation_id=organisation_id)]

    assert await emails(None) == ["a", "b", "c"]
    assert await emails(DEFAULT_ORGANISATION) == ["a", "b"]
    assert await emails("acme") == ["c"]
    assert await emails("nowhere") == []


async def test_there_is_an_organisation_from_the_start(store: MetadataStore) -> None:
    assert await store.organisations() == [THE_DEFAULT]
    assert not await store.add_organisation(replace(ACME, name=THE_DEFAULT.name.upper()))
    assert not await store.add_organisation(replace(ACME, id=DEFAULT_ORGANISATION))
    assert not await store.remove_organisation(DEFAULT_ORGANISATION)
    assert await store.rename_organisation(DEFAULT_ORGANISATION, "Headquarters")
    assert await store.organisations() == [replace(THE_DEFAULT, name="Headquarters")]


async def test_organisations_are_listed_by_name_whatever_its_case(store: MetadataStore) -> None:
    assert await store.add_organisation(ZETA)
    assert await store.add_organisation(ACME)
    assert await store.organisations() == [ACME, THE_DEFAULT, ZETA]


@pytest.mark.parametrize("twin", ["Acme", "ACME", "\uff21cme"], ids=["same", "case", "full width"])
async def test_a_name_is_one_organisations(store: MetadataStore, twin: str) -> None:
    await store.add_organisation(ACME)
    await store.add_organisation(ZETA)
    assert not await store.add_organisation(replace(ACME, id="other", name=twin))
    assert not await store.add_organisation(replace(ACME, name="another name"))
    assert not await store.rename_organisation("zeta", twin)
    assert await store.rename_organisation("acme", twin), "its own, written otherwise"
    assert not await store.rename_organisation("nowhere", "new")
    assert [each.name for each in await store.organisations()] == [twin, "Default", "zeta"]


async def test_of_many_who_take_a_name_one_gets_it(store: MetadataStore) -> None:
    added = await asyncio.gather(
        *(store.add_organisation(replace(ACME, id=str(number))) for number in range(10))
    )
    assert added.count(True) == 1


async def test_an_organisation_goes_with_its_groups_and_not_while_it_has_users(store: MetadataStore) -> None:
    for organisation in (ACME, ZETA):
        await store.add_organisation(organisation)
        group = Group(id=f"g {organisation.id}", organisation_id=organisation.id, name="g", created_at=1.0)
        await store.add_group(group)
    await add(store, "ann", organisation_id="zeta")
    assert not await store.remove_organisation("zeta")
    assert await store.remove_organisation("acme")
    assert not await store.remove_organisation("acme")
    assert await store.organisations() == [THE_DEFAULT, ZETA]
    assert await store.group("g acme") is None
    assert await store.group("g zeta") is not None
