"""The only reader of the environment. Called by compose, the edge, the host and the command line.

Every field is one setting; its description is the text of docs/configuration.md, which a test keeps true.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from shared.account_settings import AccountSettings
from shared.azure_settings import AzureSettings
from shared.chat_model_settings import LOCAL_MODEL_DEFAULTS, ChatModelSettings
from shared.errors import ConfigError
from shared.host_settings import HostSettings
from shared.ingest_settings import IngestSettings
from shared.query_settings import QuerySettings
from shared.telemetry_settings import TelemetrySettings

# What `RAG_PROFILE=azure` sets, unless a setting of its own says otherwise.
AZURE_PLUGS = {
    "search_index": "azure_search",
    "embedder": "azure_openai",
    "chat_model": "azure_openai",
    "metadata_store": "mongo",
    "blob_store": "azure_blob",
    "event_queue": "azure_queue",
    "cache": "redis",
    "secret_store": "key_vault",
}
_STORES = tuple(plug for plug in AZURE_PLUGS if plug not in ("embedder", "chat_model"))
_ON_DISK = ("embedded", "folder", "local", "sqlite")  # what lies in the folder `data`
# What a plug cannot do without.
_STORAGE = ("azurewebjobsstorage", "azurewebjobsstorage_accountname")
_NEEDS = {
    "search_index=azure_search": ("azure_search_endpoint",),
    "embedder=azure_openai": ("azure_openai_endpoint", "azure_openai_embedding_deployment"),
    "chat_model=azure_openai": ("azure_openai_endpoint", "azure_openai_chat_deployment"),
    "chat_model=openai": ("openai_base_url", "openai_chat_model"),
    "ocr=document_intelligence": ("azure_document_intelligence_endpoint",),
    "metadata_store=mongo": ("mongodb_uri",),
    "cache=redis": ("redis_url",),
    "secret_store=key_vault": ("azure_key_vault_url",),
    "traces=azure_monitor": ("applicationinsights_connection_string",),
}


class Settings(
    QuerySettings,
    IngestSettings,
    AzureSettings,
    ChatModelSettings,
    AccountSettings,
    HostSettings,
    TelemetrySettings,
):
    """All settings, read once at the start. Values come from the environment and nowhere else."""

    model_config = SettingsConfigDict(env_prefix="RAG_", frozen=True, populate_by_name=True, extra="ignore")

    profile: Literal["local", "azure"] = Field(
        "local",
        description="Sets every plug: `local` runs whole on one machine, `azure` on Azure's services.",
    )
    data: Path = Field(
        Path(".rag"), description="Folder of the local profile: uploads, index, accounts, keys."
    )
    models: Path = Field(
        Path(".cache/models"), description="Folder of the embedding weights that `make up` prepares."
    )

    search_index: Literal["embedded", "azure_search"] = Field(
        "embedded", description="Where passages are searched: `embedded` or `azure_search`."
    )
    embedder: Literal["e5", "minilm", "azure_openai"] = Field(
        "e5",
        description="Embedding model: `e5` (a hundred languages), `minilm` (English, twice as fast) or "
        "`azure_openai`.",
    )
    chat_model: str = Field(
        "extractive",
        description="What writes answers: `extractive` quotes the passages; `openai` is any server that "
        "speaks the OpenAI chat completions API (Ollama, vLLM, llama.cpp); `llama` is a model on this "
        "machine's processor (docs/local-model.md); `azure_openai`; `langchain:<provider>:<model>` is any "
        "chat model of LangChain's `init_chat_model`.",
        pattern=r"^(extractive|openai|llama|azure_openai|langchain:.+)$",
    )
    metadata_store: Literal["sqlite", "mongo"] = Field(
        "sqlite", description="Documents, users, conversations: `sqlite` or `mongo`."
    )
    blob_store: Literal["folder", "azure_blob"] = Field(
        "folder", description="Where uploaded files live: `folder` or `azure_blob`."
    )
    event_queue: Literal["sqlite", "azure_queue"] = Field(
        "sqlite", description="Ingestion events: `sqlite` or `azure_queue`."
    )
    cache: Literal["sqlite", "redis"] = Field(
        "sqlite", description="Values that may be lost: `sqlite` or `redis`."
    )
    secret_store: Literal["local", "key_vault"] = Field(
        "local",
        description="Secrets: `local` (an environment entry `RAG_SECRET_<NAME>`, else a file in "
        "`RAG_DATA/secrets`) or `key_vault`.",
    )
    index_name: str = Field(
        "documents",
        validation_alias=AliasChoices("RAG_INDEX_NAME", "AZURE_SEARCH_INDEX", "index_name"),
        description="Name of the search index; `AZURE_SEARCH_INDEX` says the same.",
        pattern=r"^[a-z0-9](-?[a-z0-9])*$",
        max_length=64,
    )

    personal_token_days: int = Field(
        366, ge=1, le=366, description="Longest life of a personal access token."
    )
    url: str = Field(
        "http://127.0.0.1:7071",
        description="Host that commands talk to; without it the one of `rag login`, then this.",
    )
    token: SecretStr | None = Field(
        None,
        description="Token that they send instead of `rag login`'s session, best a personal access token.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_plugs(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("profile") == "azure":
            values = {**AZURE_PLUGS, **values}
        if isinstance(values, dict) and values.get("chat_model") == "llama":
            values = {**LOCAL_MODEL_DEFAULTS, **values}
        return values

    @model_validator(mode="after")
    def _is_complete(self) -> "Settings":
        missing = [
            f"{setting_name(plug)}={value} needs {setting_name(needed)}"
            for (plug, value), fields in ((key.split("="), fields) for key, fields in _NEEDS.items())
            if getattr(self, plug) == value
            for needed in fields
            if not getattr(self, needed)
        ]
        if self._lacks_storage():
            missing.append("storage needs AzureWebJobsStorage or AzureWebJobsStorage__accountName")
        if self.entra_tenant_id and not self.entra_audience:
            missing.append("ENTRA_TENANT_ID needs ENTRA_AUDIENCE")
        if self.entra_client_id and not self.entra_tenant_id:
            missing.append("ENTRA_CLIENT_ID needs ENTRA_TENANT_ID")
        if missing:
            raise ValueError("; ".join(missing))
        return self

    @property
    def keeps_data_here(self) -> bool:
        """Whether any plug keeps something in the folder `data`."""
        return any(getattr(self, plug) in _ON_DISK for plug in AZURE_PLUGS)

    @property
    def keeps_all_here(self) -> bool:
        """Whether every store does: none is reached over a network."""
        return all(getattr(self, plug) in _ON_DISK for plug in _STORES)

    def _lacks_storage(self) -> bool:
        is_azure = self.blob_store == "azure_blob" or self.event_queue == "azure_queue"
        has_addresses = self.azurewebjobsstorage_blobserviceuri and self.azurewebjobsstorage_queueserviceuri
        return is_azure and not (any(getattr(self, name) for name in _STORAGE) or has_addresses)


def setting_name(field: str) -> str:
    """The environment's name of a field."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"RAG_{field.upper()}"


def read_settings(**overrides: object) -> Settings:
    """The settings of this process; overrides win over the environment.

    Errors: `ConfigError` with one line per wrong or unknown setting.
    """
    problems = [f"{name} is not a setting" for name in unknown_settings()]
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems += [_problem(dict(line)) for line in error.errors()]
        raise ConfigError("; ".join(problems)) from error
    if problems:
        raise ConfigError("; ".join(problems) + "; see docs/configuration.md")
    return settings


def unknown_settings() -> list[str]:
    """Names in the environment that look like a setting of ours and are none."""
    known = {setting_name(field) for field in Settings.model_fields}
    return sorted(
        name
        for name in os.environ
        if name.startswith("RAG_") and not name.startswith("RAG_SECRET_") and name not in known
    )


def environment_names() -> frozenset[str]:
    """Of every entry, whoever it is for."""
    return frozenset(os.environ)


def override_environment(field: str, value: str) -> None:
    """Set a field for everything in this process that reads the settings later, and for its children."""
    os.environ[setting_name(field)] = value


def preset_environment(name: str, value: str) -> None:
    """What a library shall find there, unless it says otherwise already."""
    os.environ.setdefault(name, value)


def secret_environment() -> Mapping[str, str]:
    """The entries of the environment that carry secrets by name."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAG_SECRET_")}


def _problem(line: Mapping[str, object]) -> str:
    location = line["loc"]
    field = str(location[0]) if isinstance(location, tuple) and location else ""
    name = setting_name(field) if field in Settings.model_fields else field
    return f"{name}: {line['msg']}" if name else str(line["msg"]).removeprefix("Value error, ")
