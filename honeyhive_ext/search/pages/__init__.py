"""From the bytes of an answer to the rows of a page. Pure."""

__all__: list[str] = []
