"""Spans of OpenTelemetry as events: what OTLP says, what each attribute means, and where it is kept."""

__all__: list[str] = []
