"""What every metadata store promises about groups and who is in them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain import DEFAULT_ORGANISATION, Group, Organisation
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES
from tests.stand_ins.accounts import account

ACME = Organisation(id="acme", name="Acme", created_at=2.0)
HR = Group(id="g1", organisation_id=DEFAULT_ORGANISATION, name="HR", created_at=3.0)
IT = Group(id="g2", organisation_id=DEFAULT_ORGANISATION, name="it", created_at=4.0)
THEIRS = Group(id="g3", organisation_id="acme", name="hr", created_at=5.0)


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        await store.add_organisation(ACME)
        for user in (account("ann"), account("ben"), account("cem", organisation_id="acme")):
            await store.add_user(user, first_is_administrator=False)
        for group in (IT, HR, THEIRS):
            assert await store.add_group(group)
        yield store


async def groups_of(store: MetadataStore, name: str) -> frozenset[str]:
    standing = await store.standing(f"id of {name}")
    assert standing is not None
    return standing.groups


async def test_a_group_is_found_by_id_and_listed_by_name_within_its_organisation(
    store: MetadataStore,
) -> None:
    assert await store.group("g1") == HR
    assert await store.group("nowhere") is None
    assert await store.groups(DEFAULT_ORGANISATION) == [HR, IT]
    assert await store.groups("acme") == [THEIRS]
    assert await store.groups("nowhere") == []


@pytest.mark.parametrize("twin", ["HR", "hr", "\uff28\uff32"], ids=["same", "case", "full width"])
async def test_a_name_is_one_groups_of_its_organisation(store: MetadataStore, twin: str) -> None:
    assert not await store.add_group(replace(HR, id="g9", name=twin))
    assert not await store.rename_group("g2", twin)
    assert await store.rename_group("g1", twin), "its own, written otherwise"
    assert await store.groups(DEFAULT_ORGANISATION) == [replace(HR, name=twin), IT]


async def test_an_id_is_taken_once_and_an_organisation_must_be_there(store: MetadataStore) -> None:
    assert not await store.add_group(replace(HR, name="another name"))
    assert not await store.add_group(replace(HR, id="g9", name="new", organisation_id="nowhere"))
    assert not await store.rename_group("nowhere", "new")
    assert await store.groups(DEFAULT_ORGANISATION) == [HR, IT]


async def test_of_many_who_take_a_name_one_gets_it(store: MetadataStore) -> None:
    added = await asyncio.gather(
        *(store.add_group(replace(HR, id=f"n{number}", name="new")) for number in range(10))
    )
    assert added.count(True) == 1


async def test_members_come_and_go(store: MetadataStore) -> None:
    assert await store.add_member("g1", "id of ben")
    assert await store.add_member("g1", "id of ann")
    assert await store.add_member("g1", "id of ann"), "they are in it, as was asked"
    assert await store.add_member("g2", "id of ann")
    assert await store.members("g1") == [account("ann"), account("ben")]
    assert await groups_of(store, "ann") == {"g1", "g2"}
    assert await store.remove_member("g1", "id of ann")
    assert not await store.remove_member("g1", "id of ann")
    assert await store.members("g1") == [account("ben")]
    assert await groups_of(store, "ann") == {"g2"}
    assert await store.members("nowhere") == []


@pytest.mark.parametrize(
    ("group", "user"),
    [("g1", "cem"), ("g3", "ann"), ("nowhere", "ann"), ("g1", "nobody"), ("g1' OR '1'='1", "ann")],
)
async def test_only_users_of_its_organisation_come_into_a_group(
    store: MetadataStore, group: str, user: str
) -> None:
    assert not await store.add_member(group, f"id of {user}")
    assert not await store.remove_member(group, f"id of {user}")
    for name in ("ann", "ben", "cem"):
        assert await groups_of(store, name) == set()


async def test_a_group_that_is_gone_has_no_members(store: MetadataStore) -> None:
    await store.add_member("g1", "id of ann")
    await store.add_member("g2", "id of ann")
    assert await store.remove_group("g1")
    assert not await store.remove_group("g1")
    assert await store.group("g1") is None
    assert await store.members("g1") == []
    assert await groups_of(store, "ann") == {"g2"}
    assert not await store.add_member("g1", "id of ann")


async def test_nobody_stays_in_a_group_that_goes_while_they_come(store: MetadataStore) -> None:
    for number in range(15):
        group = replace(HR, id=f"n{number}", name=f"n{number}")
        await store.add_group(group)
        await asyncio.gather(
            store.add_member(group.id, "id of ann"),
            store.remove_group(group.id),
            store.add_member(group.id, "id of ben"),
        )
        assert await store.members(group.id) == []
        assert await groups_of(store, "ann") == set()


async def test_changes_beside_one_another_are_all_kept(store: MetadataStore) -> None:
    names = [f"n{number}" for number in range(10)]
    for name in names:
        await store.add_group(replace(HR, id=name, name=name))
    await asyncio.gather(*(store.add_member(name, "id of ann") for name in names))
    assert await groups_of(store, "ann") == set(names)
    await asyncio.gather(*(store.remove_member(name, "id of ann") for name in names[1:]))
    assert await groups_of(store, "ann") == {"n0"}
