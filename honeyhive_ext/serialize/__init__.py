"""How any value becomes strict JSON."""

__all__: list[str] = []
