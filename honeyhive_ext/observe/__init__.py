"""How to watch a client at work: hooks, log records, progress."""

__all__: list[str] = []
