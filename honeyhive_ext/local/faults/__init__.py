"""Failures on demand: which request fails, and how."""
