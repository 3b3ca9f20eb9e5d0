"""The routes: what each path answers."""

__all__: list[str] = []
