"""What a key vault that refuses, fails or is none comes to: an error that names the setting and the fix."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.errors import BackendTimeout, BackendUnavailable, ConfigError, RagError
from shared.secret_stores import key_vault
from shared.secret_stores.key_vault import KeyVaultSecrets
from tests.stand_ins.key_vault import AnyToken, KeyVault

READ = frozenset({"GET"})
WRITE = frozenset({"PUT"})
SETTING = "AZURE_KEY_VAULT_URL"


@pytest.fixture
def vault() -> Iterator[KeyVault]:
    with KeyVault() as vault:
        vault.contents.add("key", "value", age=100)
        yield vault


@pytest.fixture
async def secrets(vault: KeyVault) -> AsyncIterator[KeyVaultSecrets]:
    secrets = KeyVaultSecrets(url=vault.url, credential=AnyToken())
    yield secrets
    await secrets.close()


async def error_of(url: str, credential: Any = None) -> RagError:
    secrets = KeyVaultSecrets(url=url, credential=credential or AnyToken())
    try:
        with pytest.raises(RagError) as raised:
            await secrets.get("key")
    finally:
        await secrets.close()
    return raised.value


async def until_nothing_is_open() -> None:
    """A connection that was given up closes once the other side has noticed."""
    async with asyncio.timeout(10):
        while len(asyncio.get_running_loop()._selector.get_map()) > 1:  # more than the loop's own
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("failure", "retry_after", "words"),
    [
        ({"status": 403, "reason": "ForbiddenByRbac"}, 60, ["Key Vault Secrets User", SETTING]),
        ({"status": 403, "reason": "ForbiddenByFirewall"}, 60, ["network rules", SETTING]),
        ({"status": 403, "reason": "ForbiddenByConnection"}, 60, ["network rules", SETTING]),
        ({"status": 429, "retry_after": "7"}, 7, ["busy", "429"]),
        ({"status": 503, "retry_after": "120"}, 120, ["busy", "503"]),
        ({"status": 500}, 5, ["busy", "500"]),
        ({"status": 404, "body": "<html>nothing here</html>"}, 60, ["404", SETTING]),
        ({"status": 400}, 60, ["400", SETTING]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_a_refusal_says_what_to_do_and_when_to_come_back(
    vault: KeyVault, secrets: KeyVaultSecrets, failure: dict[str, Any], retry_after: float, words: list[str]
) -> None:
    vault.fail(**failure)
    started = time.monotonic()
    with pytest.raises(BackendUnavailable) as refused:
        await secrets.versions("key")
    assert refused.value.retry_after == retry_after
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert time.monotonic() - started < 3  # the wait is passed on, not slept through


async def test_an_identity_that_may_only_read_is_told_the_role_for_writing(
    vault: KeyVault, secrets: KeyVaultSecrets
) -> None:
    vault.fail(403, "ForbiddenByRbac", methods=WRITE)
    assert await secrets.get_or_create("key", lambda: "never") == "value"
    with pytest.raises(BackendUnavailable, match="Key Vault Secrets Officer"):
        await secrets.get_or_create("new", lambda: "value")


async def test_a_name_that_a_deleted_secret_still_holds_is_named(
    vault: KeyVault, secrets: KeyVaultSecrets
) -> None:
    vault.contents.delete("key", "")
    assert await secrets.get("key") is None
    with pytest.raises(ConfigError, match=r"key was deleted .* recover or purge"):
        await secrets.get_or_create("key", lambda: "value")


async def test_a_version_that_is_withdrawn_between_list_and_fetch_fails_this_once(
    vault: KeyVault, secrets: KeyVaultSecrets
) -> None:
    version = vault.contents.secrets["key"][0]
    described = version.described
    version.described = lambda address: {**described(address), "attributes": {"enabled": True}}
    version.attributes["enabled"] = False
    with pytest.raises(BackendUnavailable):
        await secrets.versions("key")
    version.described = described
    assert await secrets.versions("key") == []


async def test_an_empty_secret_cannot_be_used(vault: KeyVault, secrets: KeyVaultSecrets) -> None:
    vault.contents.add("empty", "")
    with pytest.raises(ConfigError, match="empty"):
        await secrets.get("empty")


async def test_a_vault_that_does_not_answer_costs_the_timeout_and_no_more(
    vault: KeyVault, secrets: KeyVaultSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_vault, "_TIMEOUT", 0.3)
    vault.fail(503, delay=1.0)
    started = time.monotonic()
    with pytest.raises(BackendTimeout, match="the key vault"):
        await secrets.get("key")
    assert time.monotonic() - started < 0.9
    await secrets.close()
    await until_nothing_is_open()


async def test_a_write_is_sent_once_whatever_becomes_of_it(vault: KeyVault, secrets: KeyVaultSecrets) -> None:
    vault.fail(503, retry_after="0", methods=WRITE)
    with pytest.raises(BackendUnavailable):
        await secrets.get_or_create("new", lambda: "value")
    assert [method for method, _ in vault.requests].count("PUT") == 1


async def test_a_token_that_is_not_accepted_is_access_refused(vault: KeyVault) -> None:
    vault.token = "another"
    error = await error_of(vault.url)
    assert isinstance(error, BackendUnavailable)
    assert "Key Vault Secrets User" in str(error)


async def test_an_identity_that_gets_no_token_is_access_refused(vault: KeyVault) -> None:
    class NoIdentity(AnyToken):
        async def get_token(self, *scopes: str, **_: object) -> AccessToken:
            raise ClientAuthenticationError("no identity here")

    error = await error_of(vault.url, NoIdentity())
    assert isinstance(error, BackendUnavailable)
    assert "Key Vault Secrets User" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:1",
        "http://127.0.0.1:1",
        "127.0.0.1:1",
        "no-scheme.example",
        "https://",
    ],
)
async def test_an_address_where_nothing_is_names_the_setting(url: str) -> None:
    assert SETTING in str(await error_of(url))


@pytest.mark.parametrize("body", ["", "<html>welcome</html>", '{"value": 7}', '{"value": [{"id": 7}]}'])
async def test_a_server_that_is_no_vault_names_the_setting(vault: KeyVault, body: str) -> None:
    vault.fail(200, body=body)
    assert SETTING in str(await error_of(vault.url))


async def test_the_challenge_of_another_domain_gets_no_token(vault: KeyVault, monkeypatch) -> None:
    asked: list[tuple[str, ...]] = []

    class Watched(AnyToken):
        async def get_token(self, *scopes: str, **more: object) -> AccessToken:
            asked.append(scopes)
            return await super().get_token(*scopes, **more)

    monkeypatch.setattr(type(vault), "resource", "https://vault.attacker.example")
    error = await error_of(vault.url, Watched())
    assert isinstance(error, ConfigError)
    assert SETTING in str(error)
    assert asked == []
