"""The settings of ingestion and of index versions. Part of `shared.settings`."""

import os
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class IngestSettings(BaseSettings):
    chunk_chars: int = Field(
        900, ge=200, le=8000, description="Longest chunk of new index versions, in characters."
    )
    chunk_overlap: int = Field(
        120, ge=0, le=1000, description="What neighbouring chunks of new index versions share at most."
    )
    gate_margin: float = Field(
        0.05,
        ge=0,
        le=1,
        description="By how much recall@10 or the answer rate of stored questions may be lower in a new "
        "index version before its promotion is refused.",
    )
    gate_questions: int = Field(
        200, ge=0, le=10_000, description="How many of the newest stored questions are replayed for that."
    )
    index_grace_hours: float = Field(
        24.0, ge=0, le=8760, description="How long the index version that was live before is kept filled."
    )
    embedding_prices: Annotated[dict[str, float], NoDecode] = Field(
        {"text-embedding-3-small": 0.02, "text-embedding-3-large": 0.13, "text-embedding-ada-002": 0.1},
        description="US dollars per million tokens of embedding deployments, as `name=price` separated by "
        "commas, for `rag ingest --dry-run`. Local models cost nothing.",
    )
    max_file_mb: int = Field(100, ge=1, le=2048, description="Largest file that is accepted.")
    parser_workers: int = Field(
        max(2, os.cpu_count() or 2),
        ge=1,
        le=64,
        description="Files parsed at the same time: one that takes all the time it may holds up no other.",
    )
    embedder_threads: int = Field(
        max(1, (os.cpu_count() or 2) // 2), ge=1, le=64, description="Threads of the local embedder."
    )
    ocr: Literal["auto", "off", "document_intelligence"] = Field(
        "auto",
        description="What reads pages that are pictures: `auto` (tesseract, where it is installed), `off` or "
        "`document_intelligence` (Azure AI Document Intelligence).",
    )
    ocr_languages: str = Field(
        "",
        description="Languages of tesseract, such as `eng+deu`; none: those installed, if they are four or "
        "fewer, else English.",
        pattern=r"^([a-zA-Z_]+(\+[a-zA-Z_]+)*)?$",
    )
    ocr_max_pages: int = Field(
        200, ge=1, le=5000, description="Most pages of one document that are read as pictures."
    )
    embedding_cache_mb: int = Field(
        512, ge=0, le=100_000, description="Size of the local cache of embeddings; Redis has its own limit."
    )
    embedding_cache_days: float = Field(
        30.0, gt=0, le=3650, description="How long the embedding of a text is remembered."
    )
    test_kill_at: str | None = Field(
        None,
        description="For tests of crashes alone: `<step>:<n>` kills the process when it reaches a step of an "
        "ingestion for the n-th time.",
        pattern=r"^[a-z]+:[1-9][0-9]*$",
    )

    @field_validator("embedding_prices", mode="before")
    @classmethod
    def _table(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = (part.strip().rpartition("=") for part in value.split(",") if part.strip())
        return {name.strip(): price.strip() for name, _, price in pairs}
