"""The trace page: its files, and what they may do in a browser."""

__all__: list[str] = []
