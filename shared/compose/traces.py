"""Traces, where the settings want any. Called by function_app and the command line before anything else."""

from functools import partial

from shared.settings import Settings, preset_environment
from shared.telemetry import traces

# It would tell Microsoft how it is doing, and ask there what it may do: not everybody lets it out.
_QUIET = ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED")


def start_traces(settings: Settings) -> None:
    """What is recorded ends with `traces.stop`."""
    if settings.traces == "off":
        return
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    from shared.telemetry.exporters import open_exporter  # noqa: PLC0415
    from shared.telemetry.otel_tracer import OtelTracer  # noqa: PLC0415

    for name in _QUIET:
        preset_environment(name, "true")
    told = settings.applicationinsights_connection_string
    open_it = partial(open_exporter, settings.traces, told.get_secret_value() if told else "")
    sampler = None if settings.otel_traces_sampler else ParentBased(TraceIdRatioBased(settings.traces_share))
    traces.start(OtelTracer(open_it, sampler=sampler), providers=_providers(settings))


def _providers(settings: Settings) -> dict[str, str]:
    """Of models that others run, by the semantic conventions."""
    azure, langchain = "azure.ai.openai", settings.chat_model.split(":")
    known = {
        settings.azure_openai_chat_deployment: azure,
        settings.azure_openai_fallback_deployment: azure,
        f"azure_openai:{settings.azure_openai_embedding_deployment}": azure,
        settings.openai_chat_model: "openai",
        ":".join(langchain[1:]): langchain[1] if len(langchain) > 1 else "",
    }
    return {model: provider for model, provider in known.items() if model and provider}
