"""What takes the spans. Opened by the thread that sends them: both imports are slow."""

from typing import Literal

from opentelemetry.sdk.trace.export import SpanExporter


def open_exporter(kind: Literal["otlp", "azure_monitor"], connection_string: str) -> SpanExporter:
    """OTEL_EXPORTER_OTLP_ENDPOINT and its like say where `otlp` sends to, `connection_string` where the other
    does."""
    if kind == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        return OTLPSpanExporter()
    from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter  # noqa: PLC0415

    # What it cannot send it would keep on the disk for two days, and retry for minutes what nobody takes.
    return AzureMonitorTraceExporter(
        connection_string=connection_string, disable_offline_storage=True, retry_total=2
    )
