"""The settings of traces and logs. Part of `shared.settings`."""

from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings


class TelemetrySettings(BaseSettings):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")
    traces: Literal["off", "otlp", "azure_monitor"] = Field(
        "off",
        description="Where traces go: nowhere, to `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP over HTTP) or to "
        "Application Insights.",
    )
    traces_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of traces that are recorded, of those that begin here: who calls with a trace of "
        "their own has decided.",
    )
    otel_traces_sampler: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_TRACES_SAMPLER", "otel_traces_sampler"),
        description="Decides instead of `RAG_TRACES_SHARE`, with `OTEL_TRACES_SAMPLER_ARG`: `traceidratio`, "
        "say, which lets nobody who calls decide.",
    )
    applicationinsights_connection_string: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "APPLICATIONINSIGHTS_CONNECTION_STRING", "applicationinsights_connection_string"
        ),
        description="Connection string of Application Insights. Needed by `RAG_TRACES=azure_monitor`, from "
        "the start on: it cannot name a secret.",
    )
