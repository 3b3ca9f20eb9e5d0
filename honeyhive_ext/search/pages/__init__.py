"""Bytes to rows: what a page of an answer holds."""
