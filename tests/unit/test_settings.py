"""What `RAG_PROFILE=azure` sets, what each plug cannot do without, and how a wrong setting is told."""

from collections.abc import Callable, Mapping

import pytest

from shared.errors import ConfigError
from shared.settings import AZURE_PLUGS, Settings, read_settings, setting_name

COMPLETE = {
    "RAG_PROFILE": "azure",
    "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat",
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embedding",
    "AZURE_SEARCH_ENDPOINT": "https://example.search.windows.net",
    "AZURE_KEY_VAULT_URL": "https://example.vault.azure.net",
    "AzureWebJobsStorage__accountName": "example",
    "MONGODB_URI": "mongodb://example.org",
    "REDIS_URL": "rediss://example.org:6380/0",
}
BY_ADDRESS = {
    "AzureWebJobsStorage__blobServiceUri": "https://example.blob.core.windows.net",
    "AzureWebJobsStorage__queueServiceUri": "https://example.queue.core.windows.net",
}


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch):
    """Reads the settings of an environment that has these entries and none of ours beside them."""
    for name in {setting_name(field) for field in Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)

    def settings_of(environment: Mapping[str, str]) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return read_settings()

    return settings_of


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in COMPLETE.items() if name not in names}


def plugs(settings: Settings) -> dict[str, str]:
    return {plug: getattr(settings, plug) for plug in AZURE_PLUGS}


def test_nothing_set_is_the_local_profile(settings_of) -> None:
    assert plugs(settings_of({})) == {
        "search_index": "embedded",
        "embedder": "e5",
        "chat_model": "extractive",
        "metadata_store": "sqlite",
        "blob_store": "folder",
        "event_queue": "sqlite",
        "cache": "sqlite",
        "secret_store": "local",
    }


def test_the_azure_profile_sets_every_plug(settings_of) -> None:
    assert plugs(settings_of(COMPLETE)) == {
        "search_index": "azure_search",
        "embedder": "azure_openai",
        "chat_model": "azure_openai",
        "metadata_store": "mongo",
        "blob_store": "azure_blob",
        "event_queue": "azure_queue",
        "cache": "redis",
        "secret_store": "key_vault",
    }


@pytest.mark.parametrize("local", [setting_name(plug) for plug in AZURE_PLUGS])
def test_one_plug_of_the_azure_profile_can_be_a_local_one(settings_of, local: str) -> None:
    plug = local.removeprefix("RAG_").lower()
    kept = Settings.model_fields[plug].default
    assert plugs(settings_of(COMPLETE | {local: kept})) == AZURE_PLUGS | {plug: kept}


@pytest.mark.parametrize(
    ("plug", "value", "needed"),
    [
        ("RAG_SEARCH_INDEX", "embedded", ("AZURE_SEARCH_ENDPOINT",)),
        ("RAG_METADATA_STORE", "sqlite", ("MONGODB_URI",)),
        ("RAG_CACHE", "sqlite", ("REDIS_URL",)),
        ("RAG_SECRET_STORE", "local", ("AZURE_KEY_VAULT_URL",)),
        ("RAG_EMBEDDER", "minilm", ("AZURE_OPENAI_EMBEDDING_DEPLOYMENT",)),
        ("RAG_CHAT_MODEL", "extractive", ("AZURE_OPENAI_CHAT_DEPLOYMENT",)),
        ("RAG_CHAT_MODEL", "langchain:openai:gpt-5", ("AZURE_OPENAI_CHAT_DEPLOYMENT",)),
    ],
)
def test_a_plug_asks_for_what_it_cannot_do_without_and_another_does_not(
    settings_of, plug: str, value: str, needed: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_of(without(*needed))
    assert all(name in str(refused.value) for name in needed)
    assert plug in str(refused.value)
    assert getattr(settings_of({plug: value}), plug.removeprefix("RAG_").lower()) == value


def test_everything_that_is_missing_is_named_at_once(settings_of) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_of({"RAG_PROFILE": "azure"})
    for name in without("RAG_PROFILE"):
        assert name in str(refused.value)


@pytest.mark.parametrize(
    "storage",
    [
        {"AzureWebJobsStorage": "UseDevelopmentStorage=true"},
        {"AzureWebJobsStorage__accountName": "example"},
        BY_ADDRESS,
    ],
)
def test_any_way_to_name_the_storage_account_will_do(settings_of, storage: dict[str, str]) -> None:
    assert settings_of(without("AzureWebJobsStorage__accountName") | storage).blob_store == "azure_blob"


@pytest.mark.parametrize("name", BY_ADDRESS)
def test_one_address_of_the_storage_account_is_not_enough(settings_of, name: str) -> None:
    with pytest.raises(ConfigError, match="storage needs"):
        settings_of(without("AzureWebJobsStorage__accountName") | {name: BY_ADDRESS[name]})


def test_a_tenant_needs_its_audience(settings_of) -> None:
    with pytest.raises(ConfigError, match="ENTRA_TENANT_ID needs ENTRA_AUDIENCE"):
        settings_of({"ENTRA_TENANT_ID": "0e0e0e0e-0000-4000-8000-000000000001"})


def test_an_unknown_plug_and_an_unknown_name_are_both_told(settings_of) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_of({"RAG_CACHE": "memcached", "RAG_CASH": "redis"})
    assert "RAG_CACHE" in str(refused.value)
    assert "RAG_CASH is not a setting" in str(refused.value)


def test_the_index_has_one_name_under_two_settings(settings_of) -> None:
    assert settings_of({"AZURE_SEARCH_INDEX": "handbooks"}).index_name == "handbooks"


@pytest.mark.parametrize("name", ["AZURE_OPENAI_API_KEY", "AZURE_SEARCH_API_KEY", "MONGODB_URI", "REDIS_URL"])
def test_what_may_be_secret_is_not_shown(settings_of, name: str) -> None:
    assert "hunter2" not in repr(settings_of({name: "hunter2"}))


def test_answers_may_link_to_hosts_that_are_named(settings_of: Callable[..., Settings]) -> None:
    assert settings_of({}).link_hosts == ()
    named = settings_of({"RAG_LINK_HOSTS": "Wiki.example.com, intranet ,"})
    assert named.link_hosts == ("wiki.example.com", "intranet")


@pytest.mark.parametrize("value", ["https://wiki.example.com", "*.example.com", "a b", "wiki.example.com/x"])
def test_what_is_more_than_a_hosts_name_stops_the_start(
    settings_of: Callable[..., Settings], value: str
) -> None:
    with pytest.raises(ConfigError, match="is not the name of a host"):
        settings_of({"RAG_LINK_HOSTS": value})


def test_origins_are_told_one_by_one(settings_of: Callable[..., Settings]) -> None:
    told = settings_of({"RAG_CORS_ORIGINS": "https://app.example.com, http://localhost:3000"})
    assert told.cors_origins == ("https://app.example.com", "http://localhost:3000")


@pytest.mark.parametrize(
    "told", ["*", "null", "https://*.example.com", "https://app.example.com/", "example.com"]
)
def test_what_is_no_origin_is_refused(settings_of: Callable[..., Settings], told: str) -> None:
    with pytest.raises(ConfigError, match="RAG_CORS_ORIGINS"):
        settings_of({"RAG_CORS_ORIGINS": told})
