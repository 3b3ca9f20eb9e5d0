"""Ways to reach the local server: sockets, ASGI, in process."""
