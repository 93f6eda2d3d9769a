"""The settings of whatever host serves the app: who may call it, how it starts and ends. Part of
`shared.settings`.
"""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

# Anything else would match nobody, or everybody.
_Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.:\[\]-]+$")]


class HostSettings(BaseSettings):
    cors_origins: Annotated[tuple[_Origin, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may call the API, separated by commas, each as browsers send it: "
        "`https://app.example.com`. The standalone host adds the headers.",
    )
    warm_up: bool = Field(
        True,
        description="Whether what the plugs need is imported in the background right after the start, "
        "before a request waits for it.",
    )
    blob_trigger: bool = Field(
        True,
        description="Whether `ingest_blob` is registered. Off where storage events reach the queue by "
        "themselves.",
    )
    drain_seconds: int = Field(
        0,
        ge=0,
        le=300,
        description="How long `rag serve` goes on taking requests after a signal, while it says that it is "
        "not ready: what a load balancer needs to look elsewhere.",
    )
    grace_seconds: int | None = Field(
        None,
        ge=0,
        le=3600,
        description="How long open requests and running ingestions may then take to finish; none: 5 more "
        "than `RAG_ANSWER_TIMEOUT_SECONDS`, so that no answer is cut.",
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
