"""Faults: which requests fail, and how."""

__all__: list[str] = []
