"""The settings of language models that are not Azure's. Part of `shared.settings`."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings

# What a model on this machine's processor needs, unless a setting says otherwise: time, and nothing beside.
LOCAL_MODEL_DEFAULTS = {"answer_timeout_seconds": 120.0, "first_token_seconds": 60.0, "rewrite": "off"}


class ChatModelSettings(BaseSettings):
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
    local_llm_gguf: Path | None = Field(
        None,
        validation_alias=AliasChoices("LOCAL_LLM_GGUF", "local_llm_gguf"),
        description="A model of your own for `RAG_CHAT_MODEL=llama`: a GGUF file. Without it the small one "
        "that `make up MODEL=local` prepares.",
    )
    local_llm_context: int = Field(
        2048,
        ge=1024,
        le=131_072,
        validation_alias=AliasChoices("LOCAL_LLM_CONTEXT", "local_llm_context"),
        description="Tokens of its window; as many passages are read as fit into it.",
    )
    local_llm_threads: int = Field(
        0,
        ge=0,
        le=256,
        validation_alias=AliasChoices("LOCAL_LLM_THREADS", "local_llm_threads"),
        description="Cores that it uses; 0: all but one.",
    )
