"""Spans of OpenTelemetry and of this package in one tree; `python -m examples.opentelemetry` runs it."""
