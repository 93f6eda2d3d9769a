"""What every secret store promises: one value for all."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.secret_stores.base import SecretStore
from tests.contract.openers import SECRET_STORES, in_processes


@pytest.fixture(params=SECRET_STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def secrets(kind: str, tmp_path: Path) -> AsyncIterator[SecretStore]:
    async with SECRET_STORES[kind](tmp_path) as secrets:
        yield secrets


async def test_an_unknown_secret_is_none_and_has_no_versions(secrets: SecretStore) -> None:
    assert await secrets.get("unknown") is None
    assert await secrets.versions("unknown") == []


async def test_a_created_secret_is_its_only_version(secrets: SecretStore) -> None:
    before = time.time()
    await secrets.get_or_create("key", lambda: "the secret")
    [version] = await secrets.versions("key")
    assert version.value == "the secret"
    # Services count in whole seconds.
    assert int(before) - 1 <= version.created_at <= time.time() + 1


async def test_a_secret_that_came_after_it_was_asked_for_is_found(secrets: SecretStore) -> None:
    assert await secrets.get("key") is None
    await secrets.get_or_create("key", lambda: "the secret")
    assert await secrets.get("key") == "the secret"


async def test_a_version_does_not_show_its_value(secrets: SecretStore) -> None:
    await secrets.get_or_create("key", lambda: "the-secret")
    assert "the-secret" not in repr(await secrets.versions("key"))


async def test_a_created_secret_is_kept_also_for_others(
    secrets: SecretStore, kind: str, tmp_path: Path
) -> None:
    pem = "-----BEGIN KEY-----\nnaïve\n-----END KEY-----"
    assert await secrets.get_or_create("signing-key-1", lambda: pem) == pem
    assert await secrets.get_or_create("signing-key-1", lambda: "another") == pem
    assert await secrets.get_or_create("other", lambda: "another") == "another"
    async with SECRET_STORES[kind](tmp_path) as reopened:
        assert await reopened.get("signing-key-1") == pem


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "a.b", "a\0", "a\n", "ä", "x" * 1000])
async def test_a_name_of_other_characters_is_refused(secrets: SecretStore, name: str) -> None:
    with pytest.raises(ConfigError):
        await secrets.get(name)
    with pytest.raises(ConfigError):
        await secrets.versions(name)
    with pytest.raises(ConfigError):
        await secrets.get_or_create(name, lambda: "secret")


async def test_concurrent_creators_get_one_secret(secrets: SecretStore) -> None:
    counter = itertools.count()
    created = await asyncio.gather(
        *(secrets.get_or_create("key", lambda: f"secret {next(counter)}") for _ in range(20))
    )
    assert set(created) == {await secrets.get("key")}


def create_in_process(kind: str, folder: Path) -> list[str]:
    async def run() -> list[str]:
        async with SECRET_STORES[kind](folder) as secrets:
            keys = (secrets.get_or_create(f"key-{n}", lambda: f"of {os.getpid()}") for n in range(20))
            return await asyncio.gather(*keys)

    return asyncio.run(run())


async def test_processes_get_one_secret(secrets: SecretStore, kind: str, tmp_path: Path) -> None:
    start = "spawn" if kind == "key_vault" else "forkserver"
    first, second, third = await in_processes(create_in_process, [(kind, tmp_path)] * 3, start=start)
    assert first == second == third == [await secrets.get(f"key-{n}") for n in range(20)]
