"""Spans sent to a collector, where OpenTelemetry's own environment variables name one."""

from __future__ import annotations

import os

from gems_graph.errors import ConfigError

_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def export_if_asked() -> None:
    """Set OpenTelemetry up for a process of ours; a host does that for itself.

    Raises:
        ConfigError: an address is set, and the packages are missing.
    """
    if not any(map(os.environ.get, _WHERE)) or _is_off():
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        msg = f"{_WHERE[0]} is set: pip install 'gems-graph[otel]', or OTEL_SDK_DISABLED=true."
        raise ConfigError(msg) from error
    if isinstance(trace.get_tracer_provider(), TracerProvider):  # `opentelemetry-instrument gems`
        return
    name = os.environ.get("OTEL_SERVICE_NAME", "gems")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # sends the rest when the process ends


def _is_off() -> bool:
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return disabled or os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none"
