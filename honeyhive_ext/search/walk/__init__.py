"""Which requests make a search exact, step by step. Pure."""

__all__: list[str] = []
