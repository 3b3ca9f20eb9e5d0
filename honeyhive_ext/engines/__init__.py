"""Sources of data engines. Each module needs its engine, and is imported by its own name."""

__all__: list[str] = []
