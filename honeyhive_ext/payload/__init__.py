"""How input becomes a wire event: fields, hints, times, ids, scope."""

__all__: list[str] = []
