"""Versions in a key vault, refreshing, and two processes that create at once; over the real SDK."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.auth.key_ring import KeyRing
from shared.auth.keys import create_key, read_keys
from shared.errors import BackendUnavailable
from shared.secret_stores import key_vault
from shared.secret_stores.key_vault import KeyVaultSecrets
from tests.stand_ins.key_vault import AnyToken, KeyVault

SECRET = "a-value-that-nobody-may-see"


@pytest.fixture
def vault() -> Iterator[KeyVault]:
    with KeyVault() as vault:
        yield vault


@pytest.fixture
async def secrets(vault: KeyVault) -> AsyncIterator[KeyVaultSecrets]:
    secrets = KeyVaultSecrets(url=vault.url, credential=AnyToken())
    yield secrets
    await secrets.close()


@pytest.fixture
async def impatient(vault: KeyVault) -> AsyncIterator[KeyVaultSecrets]:
    """Asks anew each time."""
    secrets = KeyVaultSecrets(url=vault.url, credential=AnyToken(), refresh_after=0.0)
    yield secrets
    await secrets.close()


async def test_nothing_is_asked_before_the_first_use(vault: KeyVault) -> None:
    await KeyVaultSecrets(url=vault.url, credential=AnyToken()).close()
    assert vault.requests == []


async def test_versions_in_force_come_newest_first(vault: KeyVault, secrets: KeyVaultSecrets) -> None:
    now = int(time.time())
    for value, age, attributes in [
        ("middle", 50, {}),
        ("oldest", 100, {"exp": now + 60}),
        ("newest", 10, {"nbf": now - 5}),
        ("disabled", 5, {"enabled": False}),
        ("expired", 5, {"exp": now - 1}),
        ("to come", 5, {"nbf": now + 60}),
    ]:
        vault.contents.add("key", value, age=age, **attributes)
    versions = await secrets.versions("key")
    assert [version.value for version in versions] == ["newest", "middle", "oldest"]
    # A version that was made in advance is in force, and known to all, since it may be used.
    assert [now - version.created_at for version in versions] == pytest.approx([5, 50, 100], abs=1)
    assert await secrets.get("key") == "newest"


async def test_a_list_of_many_pages_is_read_to_its_end(vault: KeyVault, secrets: KeyVaultSecrets) -> None:
    vault.contents.page = 3
    for number in range(10):
        vault.contents.add("key", f"value {number}", age=100 - number)
    assert [version.value for version in await secrets.versions("key")] == [
        f"value {number}" for number in reversed(range(10))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("lists_unknown", [False, True])
async def test_an_unknown_name_has_no_versions(vault: KeyVault, secrets, lists_unknown: bool) -> None:
    vault.contents.lists_unknown = lists_unknown
    assert await secrets.versions("unknown") == []
    assert await secrets.get_or_create("unknown", lambda: "made") == "made"


async def test_a_value_is_fetched_once_and_withdrawal_seen_at_once(vault: KeyVault, secrets) -> None:
    old = vault.contents.add("key", "old", age=100)
    new = vault.contents.add("key", "new", age=50)
    await secrets.versions("key")
    old.attributes["enabled"] = False
    assert [version.value for version in await secrets.versions("key")] == ["new"]
    fetched = [path for _, path in vault.requests if not path.endswith("/versions")]
    assert sorted(fetched) == sorted(f"/secrets/key/{version.id}" for version in (old, new))


async def test_a_secret_is_asked_for_once_in_an_interval(vault: KeyVault, secrets: KeyVaultSecrets) -> None:
    vault.contents.add("key", "old", age=100)
    assert set(await asyncio.gather(*(secrets.get("key") for _ in range(20)))) == {"old"}
    vault.contents.add("key", "new", age=1)
    assert await secrets.get("key") == "old"
    assert len(vault.requests) == 2  # the list and the value


async def test_a_secret_is_refreshed_after_the_interval(vault: KeyVault, impatient: KeyVaultSecrets) -> None:
    vault.contents.add("key", "old", age=100)
    assert await impatient.get("key") == "old"
    vault.contents.add("key", "new", age=1)
    assert await impatient.get("key") == "new"
    vault.contents.secrets.clear()
    assert await impatient.get("key") is None


async def test_a_refresh_that_fails_keeps_the_value_and_gives_the_vault_time(
    vault: KeyVault, impatient: KeyVaultSecrets, caplog: pytest.LogCaptureFixture
) -> None:
    vault.contents.add("key", SECRET, age=100)
    await impatient.get("key")
    vault.fail(503)
    assert await impatient.get("key") == SECRET
    asked = len(vault.requests)
    assert await impatient.get("key") == SECRET
    assert len(vault.requests) == asked
    assert [record.message for record in caplog.records if record.name == key_vault.__name__] == [
        "secret_not_refreshed: key; the key vault is busy (HTTP 503)"
    ]
    with pytest.raises(BackendUnavailable):
        await impatient.get("another")


@pytest.mark.slow
async def test_no_value_reaches_a_log_or_a_repr(
    vault: KeyVault, impatient: KeyVaultSecrets, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="azure"):
        assert await impatient.get_or_create("key", lambda: SECRET) == SECRET
        assert await impatient.get("key") == SECRET
        shown = repr(await impatient.versions("key")) + repr(vars(impatient)["_kept"])
        vault.fail(500)
        await impatient.get("key")
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "/secrets/key" in logged  # the SDK did log
    assert SECRET not in logged + shown


class Rival:
    """A process that stores its version while the one under test stores its own."""

    def __init__(self, vault: KeyVault, value: str, *, age: float = 0.0) -> None:
        self.vault, self.value, self.age = vault, value, age

    def create(self) -> str:
        self.vault.contents.add("key", self.value, age=self.age)
        return "ours"


@pytest.mark.slow
async def test_who_comes_second_takes_the_first_ones_and_withdraws_its_own(vault: KeyVault, secrets) -> None:
    assert await secrets.get_or_create("key", Rival(vault, "theirs", age=1).create) == "theirs"
    assert await secrets.get("key") == "theirs"
    assert [version.value for version in await secrets.versions("key")] == ["theirs"]


@pytest.mark.slow
async def test_of_two_versions_of_one_second_all_processes_take_the_same(vault: KeyVault) -> None:
    """Also a third one, that comes while they are at it; whatever order the vault's ids have."""
    for attempt in range(3):
        numbers = itertools.count()
        processes = [KeyVaultSecrets(url=vault.url, credential=AnyToken()) for _ in range(4)]

        async def create_or_read(
            process: KeyVaultSecrets, name: str = f"key-{attempt}", numbers=numbers
        ) -> str:
            return await process.get_or_create(name, lambda: f"value {next(numbers)}")

        taken = [asyncio.create_task(create_or_read(process)) for process in processes[:3]]
        while not vault.contents.secrets.get(f"key-{attempt}"):
            await asyncio.sleep(0.001)
        taken.append(asyncio.create_task(create_or_read(processes[3])))
        assert len(set(await asyncio.gather(*taken))) == 1
        assert {await process.get(f"key-{attempt}") for process in processes} == {taken[0].result()}
        for process in processes:
            await process.close()


async def test_a_change_of_the_secret_does_not_change_what_was_created_first(
    vault: KeyVault, secrets
) -> None:
    vault.contents.add("key", "old", age=100)
    vault.contents.add("key", "new", age=50)
    assert await secrets.get_or_create("key", lambda: "never") == "old"
    assert ("PUT", "/secrets/key") not in vault.requests


@pytest.mark.slow
async def test_a_creation_that_another_process_holds_up_waits_for_its_outcome(
    vault: KeyVault, secrets
) -> None:
    vault.fail(409, "ConflictError", methods=frozenset({"PUT"}), times=1)
    assert await secrets.get_or_create("key", Rival(vault, "theirs").create) == "theirs"
    vault.fail(409, "ConflictError", methods=frozenset({"PUT"}), times=1)
    with pytest.raises(BackendUnavailable, match="try again"):
        await secrets.get_or_create("another", lambda: "ours")


async def test_the_signing_key_is_changed_and_withdrawn_in_the_vault(vault: KeyVault, impatient) -> None:
    old, new = create_key(), create_key()
    vault.contents.add("jwt-signing-key", old, age=7200)
    ring = KeyRing(impatient, "jwt-signing-key", refresh_after=0.0, retry_after=0.0)
    assert (await ring.signing()).id == read_keys(old)[0].id
    vault.contents.add("jwt-signing-key", new, age=3600)
    assert (await ring.signing()).id == read_keys(new)[0].id
    assert await ring.find(read_keys(old)[0].id)
    vault.contents.secrets["jwt-signing-key"][0].attributes["enabled"] = False
    assert await ring.find(read_keys(old)[0].id) is None
    await ring.close()
