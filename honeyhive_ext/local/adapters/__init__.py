"""Ways to reach the local server: a socket, ASGI, in process."""

__all__: list[str] = []
