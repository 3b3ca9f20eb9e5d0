"""Filters: what they mean, as SQL and as Python."""
