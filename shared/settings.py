"""The only reader of the environment. Called by compose, the edge, the host and the command line.

Every field is one setting; its description is the text of docs/configuration.md, which a test keeps true.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import ConfigError


class Settings(BaseSettings):
    """All settings, read once at the start. Values come from the environment and nowhere else."""

    model_config = SettingsConfigDict(env_prefix="RAG_", frozen=True, populate_by_name=True, extra="ignore")

    profile: Literal["local"] = Field(
        "local", description="Sets every plug: `local` runs whole on one machine."
    )
    data: Path = Field(
        Path(".rag"), description="Folder of the local profile: uploads, index, accounts, keys."
    )
    models: Path = Field(
        Path(".cache/models"), description="Folder of the embedding weights that `make up` prepares."
    )

    search_index: Literal["embedded"] = Field("embedded", description="Where passages are searched.")
    embedder: Literal["e5", "minilm"] = Field(
        "e5", description="Embedding model: `e5` (a hundred languages) or `minilm` (English, twice as fast)."
    )
    chat_model: Literal["extractive", "openai"] = Field(
        "extractive",
        description="What writes answers: `extractive` quotes the passages; `openai` is any server that "
        "speaks the OpenAI chat completions API (Ollama, vLLM, llama.cpp).",
    )
    metadata_store: Literal["sqlite"] = Field("sqlite", description="Documents, users, conversations.")
    blob_store: Literal["folder"] = Field("folder", description="Where uploaded files live.")
    event_queue: Literal["sqlite"] = Field("sqlite", description="Ingestion events.")
    cache: Literal["sqlite"] = Field("sqlite", description="Values that may be lost.")
    secret_store: Literal["local"] = Field(
        "local",
        description="Secrets: an environment entry `RAG_SECRET_<NAME>`, else a file in `RAG_DATA/secrets`.",
    )
    index_name: str = Field(
        "documents", description="Name of the search index.", pattern=r"^[a-z0-9-]{1,64}$"
    )

    openai_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="Address of the OpenAI-compatible server, with its `/v1`. Needed by "
        "`RAG_CHAT_MODEL=openai`.",
    )
    openai_api_key: SecretStr = Field(
        SecretStr("none"),
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="Its key, where it wants one.",
    )
    openai_chat_model: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_CHAT_MODEL", "openai_chat_model"),
        description="The model's name on that server. Needed by `RAG_CHAT_MODEL=openai`.",
    )

    registration: Literal["open", "closed"] = Field(
        "open", description="Whether anybody may register. The first account always may: it administers."
    )
    token_issuer: str = Field("rag-functions", description="`iss` of access tokens.")
    token_audience: str = Field("rag-functions", description="`aud` of access tokens.")
    access_token_minutes: int = Field(15, ge=1, le=1440, description="Life of an access token.")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Life of a refresh token.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may call the API, separated by commas. The standalone host adds "
        "the headers.",
    )

    blob_trigger: bool = Field(
        True,
        description="Whether `ingest_blob` is registered. Off where storage events reach the queue by "
        "themselves.",
    )
    max_file_mb: int = Field(100, ge=1, le=2048, description="Largest file that is accepted.")
    max_question_chars: int = Field(4000, ge=100, le=100_000, description="Longest question.")
    context_tokens: int = Field(3000, ge=200, le=100_000, description="Tokens of passages in a prompt.")
    answer_tokens: int = Field(800, ge=50, le=16_000, description="Tokens of an answer.")
    answer_timeout_seconds: float = Field(30.0, ge=1, le=230, description="Deadline of a question.")
    parser_workers: int = Field(
        max(1, (os.cpu_count() or 2) // 2), ge=1, le=64, description="Files parsed at the same time."
    )
    embedder_threads: int = Field(
        max(1, (os.cpu_count() or 2) // 2), ge=1, le=64, description="Threads of the local embedder."
    )
    url: str = Field("http://127.0.0.1:7071", description="Host that `rag ask` and `rag documents` talk to.")
    token: SecretStr | None = Field(
        None, description="Access token that they send; else they ask to sign in."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _is_complete(self) -> "Settings":
        if self.chat_model == "openai" and not (self.openai_base_url and self.openai_chat_model):
            raise ValueError("RAG_CHAT_MODEL=openai needs OPENAI_BASE_URL and OPENAI_CHAT_MODEL")
        return self


def setting_name(field: str) -> str:
    """The environment's name of a field."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"RAG_{field.upper()}"


def read_settings(**overrides: object) -> Settings:
    """The settings of this process; overrides win over the environment.

    Errors: `ConfigError` with one line per wrong or unknown setting.
    """
    known = {setting_name(field) for field in Settings.model_fields}
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("RAG_") and not name.startswith("RAG_SECRET_") and name not in known
    )
    problems = [f"{name} is not a setting" for name in unknown]
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems += [_problem(dict(line)) for line in error.errors()]
        raise ConfigError("; ".join(problems)) from error
    if problems:
        raise ConfigError("; ".join(problems) + "; see docs/configuration.md")
    return settings


def override_environment(field: str, value: str) -> None:
    """Set a field for everything in this process that reads the settings later, and for its children."""
    os.environ[setting_name(field)] = value


def secret_environment() -> Mapping[str, str]:
    """The entries of the environment that carry secrets by name."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAG_SECRET_")}


def _problem(line: Mapping[str, object]) -> str:
    location = line["loc"]
    field = str(location[0]) if isinstance(location, tuple) and location else ""
    name = setting_name(field) if field in Settings.model_fields else field
    return f"{name}: {line['msg']}" if name else str(line["msg"]).removeprefix("Value error, ")
