"""Where local secrets come from, and who may read them."""

import os
from pathlib import Path

import pytest

from shared.errors import BackendUnavailable, ConfigError
from shared.secret_stores.local import LocalSecrets


async def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "jwt-signing-key").write_text("from the file\n")
    files = LocalSecrets(tmp_path, {"RAG_SECRET_JWT_SIGNING_KEY": ""})
    given = LocalSecrets(tmp_path, {"RAG_SECRET_JWT_SIGNING_KEY": "from the environment"})
    assert await files.get("jwt-signing-key") == "from the file"
    assert await given.get("jwt-signing-key") == "from the environment"
    assert await given.get_or_create("jwt-signing-key", lambda: "new") == "from the environment"


async def test_a_stored_secret_is_its_owners_alone_and_leaves_no_drafts(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "secrets"
    await LocalSecrets(folder, {}).get_or_create("key", lambda: "secret")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(file.name, file.stat().st_mode & 0o777) for file in folder.iterdir()] == [("key", 0o600)]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
async def test_a_file_without_a_usable_secret_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match="key"):
        await LocalSecrets(tmp_path, {}).get_or_create("key", lambda: "secret")


async def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    secrets = LocalSecrets(tmp_path / "file", {})
    with pytest.raises(BackendUnavailable, match="cannot be"):
        await secrets.get_or_create("key", lambda: "secret")


async def test_a_file_is_a_version_as_old_as_itself_and_an_entry_is_of_no_age(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    os.utime(tmp_path / "key", (0, 1_700_000_000))
    [stored] = await LocalSecrets(tmp_path, {}).versions("key")
    [given] = await LocalSecrets(tmp_path, {"RAG_SECRET_KEY": "given"}).versions("key")
    assert (stored.value, stored.created_at) == ("from the file", 1_700_000_000)
    assert (given.value, given.created_at) == ("given", 0)
