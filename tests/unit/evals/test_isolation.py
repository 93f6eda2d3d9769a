"""A measurement has names and a folder of its own."""

from pathlib import Path

import pytest

from evals.isolation import isolated
from shared.errors import ConfigError
from shared.settings import Settings


def azure(**changes: object) -> Settings:
    given = {
        "azure_openai_endpoint": "https://x.openai.azure.com",
        "azure_openai_chat_deployment": "chat",
        "azure_openai_embedding_deployment": "embedding",
        "azure_search_endpoint": "https://x.search.windows.net",
        "azure_key_vault_url": "https://x.vault.azure.net",
        "azurewebjobsstorage_accountname": "x",
        "mongodb_uri": "mongodb://127.0.0.1:1",
        "redis_url": "redis://127.0.0.1:1",
    }
    return Settings(profile="azure", **(given | changes))


async def test_what_is_beside_a_folder_of_this_machine_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--keep is for a folder of this machine"):
        async with isolated(azure(), keep=tmp_path / "kept"):
            pass
    assert not (tmp_path / "kept").exists()


async def test_live_data_is_neither_read_nor_written(tmp_path: Path) -> None:
    live = Settings(data=tmp_path / "live", index_name="documents", mongodb_database="rag")
    async with isolated(live) as place:
        own = place.ground.settings
        assert own.data.is_dir()
        assert own.data != live.data
        assert own.index_name.startswith("eval-")
        assert own.mongodb_database.startswith("eval-")
        assert own.answer_cache_hours == own.embedding_cache_mb == 0
    assert not own.data.exists()
    assert not live.data.exists()


async def test_names_are_valid_however_long_the_live_ones_are() -> None:
    live = Settings(index_name="a-" * 31 + "b", mongodb_database="x" * 60)
    async with isolated(live) as place:
        Settings(
            **{name: getattr(place.ground.settings, name) for name in ("index_name", "mongodb_database")}
        )


async def test_secrets_are_those_of_the_live_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_SECRET_OPENAI_KEY", "sesame")
    live = Settings(data=tmp_path / "live", openai_api_key="secret:openai-key")
    async with isolated(live, keep=tmp_path / "kept") as place:
        assert place.ground.settings.openai_api_key.get_secret_value() == "sesame"
        assert place.ground.settings.data == tmp_path / "kept" / "e5-900-120"
    assert (tmp_path / "kept" / "e5-900-120").is_dir()
