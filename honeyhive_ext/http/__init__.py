"""One call until it has an answer that counts: requests, retries, errors, connections."""

__all__: list[str] = []
