"""Sending later: what an application hands over without waiting, in memory or on disk."""

from __future__ import annotations

__all__: list[str] = []
