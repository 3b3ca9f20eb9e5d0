"""The filters of a search: their checks, and their meaning in Python and in SQL."""

__all__: list[str] = []
