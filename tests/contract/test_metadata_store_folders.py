"""What every metadata store promises about who may read what is new in a folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain import FolderDefault
from shared.metadata_stores.base import MetadataStore
from tests.contract.openers import METADATA_STORES

LONGEST = "shared/" + "\N{SLIGHTLY SMILING FACE}" * 1000 + "/"


@pytest.fixture(params=METADATA_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MetadataStore]:
    async with METADATA_STORES[request.param](tmp_path) as store:
        yield store


def default(folder: str, *readers: str) -> FolderDefault:
    return FolderDefault(folder=folder, readers=frozenset(readers))


async def test_what_is_set_is_found_under_exactly_this_folder(store: MetadataStore) -> None:
    hr, plans = default("shared/hr/", "group:g", "user:u"), default("users/u/plans/", "everyone")
    longest = default(LONGEST, "user:u")
    for folder in (plans, hr, longest):
        await store.set_folder_default(folder)
    assert await store.folder_defaults(["users/u/plans/", "shared/hr/", "shared/"]) == [hr, plans]
    assert await store.folder_defaults([LONGEST]) == [longest]
    assert await store.folder_defaults(["shared/hr", "shared/h%/", "^shared/", "Shared/hr/"]) == []
    assert await store.folder_defaults([]) == []


async def test_the_last_that_was_set_counts(store: MetadataStore) -> None:
    await store.set_folder_default(default("shared/hr/", "group:g", "user:u"))
    await store.set_folder_default(default("shared/hr/", "user:v"))
    assert await store.folder_defaults(["shared/hr/"]) == [default("shared/hr/", "user:v")]
    await store.set_folder_default(default("shared/hr/"))
    await store.set_folder_default(default("shared/hr/"))
    assert await store.folder_defaults(["shared/hr/"]) == []
    assert await store.list_folder_defaults(prefix="") == []


async def test_of_many_at_once_one_counts(store: MetadataStore) -> None:
    wanted = [default("shared/hr/", f"user:{number}") for number in range(10)]
    await asyncio.gather(*map(store.set_folder_default, wanted))
    (left,) = await store.folder_defaults(["shared/hr/"])
    assert left in wanted


async def test_lists_are_by_folder_and_take_the_prefix_as_it_is(store: MetadataStore) -> None:
    folders = ["shared/b/", "shared/a/", "shared/a/x/", "Shared/a/", "users/u/", "shared_/", "sharedX/"]
    for folder in folders:
        await store.set_folder_default(default(folder, "everyone"))

    async def listed(prefix: str) -> list[str]:
        return [each.folder for each in await store.list_folder_defaults(prefix=prefix)]

    assert await listed("shared/") == ["shared/a/", "shared/a/x/", "shared/b/"]
    assert await listed("shared_/") == ["shared_/"]
    assert await listed("users/u/") == ["users/u/"]
    assert await listed(".*") == []
    assert await listed("") == sorted(folders)
