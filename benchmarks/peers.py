"""The peers of this package, each with the code of its users: a function that posts and returns the response.

Every library is imported inside its function, because each child process holds one contender only.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.job import Target

KEY = "hh_benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
#: Takes a path and a value, returns the parsed answer.
Post = Callable[[str, Any], Any]
AsyncPost = Callable[[str, Any], Awaitable[Any]]


def context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))


def httpx_json(target: Target) -> Post:
    import httpx

    client = httpx.Client(base_url=target.url, headers=HEADERS, timeout=60)

    def post(path: str, value: Any) -> Any:
        response = client.post(path, json=value)
        response.raise_for_status()
        return response.json()

    return post


def httpx_bytes(target: Target) -> Callable[[str, bytes], bytes]:
    import httpx

    client = httpx.Client(base_url=target.url, headers=HEADERS, timeout=60)

    def post(path: str, body: bytes) -> bytes:
        response = client.post(path, content=body)
        response.raise_for_status()
        return response.content

    return post


def httpx_orjson(target: Target) -> Post:
    return with_orjson(httpx_bytes(target))


def http_client_bytes(target: Target) -> Callable[[str, bytes], bytes]:
    import http.client

    connection: http.client.HTTPConnection
    if target.tls:
        connection = http.client.HTTPSConnection(target.host, target.port, context=context())
    else:
        connection = http.client.HTTPConnection(target.host, target.port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(path: str, body: bytes) -> bytes:
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
        return content

    return post


def http_client_orjson(target: Target) -> Post:
    return with_orjson(http_client_bytes(target))


def raw_socket_bytes(target: Target) -> Callable[[str, bytes], bytes]:
    """Send with no HTTP library, only what this stub needs: the least that is possible."""
    plain = socket.create_connection((target.host, target.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = context().wrap_socket(plain, server_hostname=target.host) if target.tls else plain
    head = (
        f"POST %s HTTP/1.1\r\nHost: {target.host}:{target.port}\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )

    def post(path: str, body: bytes) -> bytes:
        sock.sendall((head % (path, len(body))).encode() + body)
        data = sock.recv(65536)
        end = data.index(b"\r\n\r\n") + 4
        at = data.index(b"Content-Length: ") + 16
        missing = end + int(data[at : data.index(b"\r", at)]) - len(data)
        if missing <= 0:
            return data[end:]
        parts = [data[end:]]
        while missing > 0:
            parts.append(sock.recv(min(missing, 1 << 20)))
            missing -= len(parts[-1])
        return b"".join(parts)

    return post


def raw_socket_orjson(target: Target) -> Post:
    return with_orjson(raw_socket_bytes(target))


def with_orjson(send: Callable[[str, bytes], bytes]) -> Post:
    import orjson

    def post(path: str, value: Any) -> Any:
        return orjson.loads(send(path, orjson.dumps(value)))

    return post


def sdk(target: Target, *, verify: bool = True) -> Any:
    """Return a client of the official SDK, which makes an httpx client and a TLS context for each call."""
    from honeyhive import HoneyHive

    client = HoneyHive(api_key=KEY, base_url=target.url)
    client._api_config.verify = verify
    return client
