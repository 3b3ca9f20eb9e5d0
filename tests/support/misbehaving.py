"""A scripted HTTP/1.1 server on a real socket: every answer a service, a proxy or a network can give.

    with Misbehaving(answer(503, headers={"Retry-After": "2"}), answer(200, b"{}")) as server:
        ...                       # point a client at server.url
    assert [r.method for r in server.requests] == ["POST", "POST"]

The answers of the script are used in order, one for each request, over all connections. After the script,
every answer is `then`. An answer may also be a function that takes the request and returns an answer.
Nothing here sleeps: a hanging answer waits for an event, and `close()` releases all of them.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, Self

TIMEOUTS = (0.1, 1.0, 10.0, 60.0)
"""Seconds, for tests in which a timeout must pass after an event, such as the arrival of the request.

Try the next one if the event did not come: on a busy machine a short timeout can pass before it.
"""

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 409: "Conflict", 413: "Payload Too Large"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int  # 0 for the first connection accepted


class EndOfConnectionError(Exception):
    """The answer ended the connection."""


@dataclass(slots=True)
class Wire:
    """The connection of an answer, and what the answer may do to it."""

    sock: socket.socket
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN: SO_LINGER on, zero seconds."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise EndOfConnectionError


Play = Callable[[Wire, Recorded], None]


@dataclass(slots=True)
class Answer:
    """How the server answers one request."""

    play: Play
    message: bytes = b""  # the whole message, if the answer has one


Scripted = Answer | Callable[[Recorded], Answer]


def answer(
    status: int = 200,
    body: bytes | str = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> Answer:
    """Answer with a whole message. The connection stays open for the next request."""
    content = body.encode() if isinstance(body, str) else body
    given = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    names = {name.lower() for name, _ in given}
    if content and "content-type" not in names:
        given.append(("Content-Type", "application/json"))
    if status not in (204, 304) and "content-length" not in names:
        given.append(("Content-Length", str(len(content))))
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{n}: {v}" for n, v in given), "", ""]
    message = "\r\n".join(lines).encode("latin-1") + content
    return Answer(lambda wire, _: wire.send(message), message)


SUCCESS_ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"


def success() -> Answer:
    """Return the answer of the service to the event with SUCCESS_ID, which it stored."""
    return answer(200, f'{{"success":true,"event_id":"{SUCCESS_ID}"}}')


def stored(request: Recorded) -> Answer:
    """Answer as the service does to an event that it stored."""
    return answer(200, json.dumps({"success": True, "event_id": json.loads(request.body)["event_id"]}))


def raw(data: bytes) -> Answer:
    """Send exactly these bytes, then end the connection."""

    def play(wire: Wire, _: Recorded) -> None:
        wire.send(data)
        raise EndOfConnectionError

    return Answer(play, data)


def cut(whole: Answer, at: int) -> Answer:
    """Send the first `at` bytes of an answer's message, then end the connection."""
    return raw(whole.message[:at])


def reset() -> Answer:
    """Reset the connection instead of an answer."""
    return Answer(lambda wire, _: wire.reset())


@dataclass(slots=True)
class Hang(Answer):
    """Silence until `release()` (or the server's `close()`); then `after`, or the end of the connection.

    `reached` is set as soon as a request hangs here.
    """

    released: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self.released.set()


def hang(after: Answer | None = None) -> Hang:
    """Send nothing until the test releases it; then `after`, or end the connection."""

    def play(wire: Wire, request: Recorded) -> None:
        held.reached.set()
        while not held.released.wait(0.05):
            if wire.stopping.is_set():
                raise EndOfConnectionError
        if after is None:
            raise EndOfConnectionError
        after.play(wire, request)

    held = Hang(play)
    return held


def committed(commit: Callable[[Recorded], object], then: Answer) -> Answer:
    """Let the service act on the request first, and answer with `then`."""

    def play(wire: Wire, request: Recorded) -> None:
        commit(request)
        then.play(wire, request)

    return Answer(play, then.message)


def dribble(whole: Answer, between: Callable[[int], object], *, size: int = 1) -> Answer:
    """Send an answer in pieces of `size` bytes. `between(n)` is called before piece n, and may block."""

    def play(wire: Wire, _: Recorded) -> None:
        for number, start in enumerate(range(0, len(whole.message), size)):
            between(number)
            wire.send(whole.message[start : start + size])

    return Answer(play, whole.message)


class Misbehaving:
    """The server, a context manager. It uses threads only, so it serves sync and async tests alike.

    Attributes:
        url: Where it listens, such as `http://127.0.0.1:40123`.
        requests: Every request so far, in order of arrival.
        connections: How many connections were accepted.
    """

    def __init__(self, *script: Scripted, then: Scripted | None = None) -> None:
        self._script = list(script)
        self._then = then if then is not None else answer(500, b'{"message": "the script is over"}')
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.requests: list[Recorded] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def push(self, *script: Scripted) -> None:
        """Add answers to the end of the script."""
        with self._lock:
            self._script.extend(script)

    def close(self) -> None:
        """Stop listening, end every connection, wait for the threads."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            threads = list(self._threads)
        for thread in threads:
            thread.join(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="misbehaving", daemon=True)
        with self._lock:
            self._threads = [t for t in self._threads if t.is_alive() or t.ident is None]
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                number = self.connections
                self.connections += 1
                self._open.add(sock)
            self._start(partial(self._serve, sock, number))

    def _serve(self, sock: socket.socket, number: int) -> None:
        reader = sock.makefile("rb")
        wire = Wire(sock, self._stopping)
        try:
            while (request := _read(reader, wire, number)) is not None:
                with self._lock:
                    self.requests.append(request)
                    scripted = self._script.pop(0) if self._script else self._then
                chosen = scripted if isinstance(scripted, Answer) else scripted(request)
                chosen.play(wire, request)
        except (EndOfConnectionError, OSError):
            return  # the script, or the client, ended the connection
        finally:
            with self._lock:
                self._open.discard(sock)
            reader.close()
            sock.close()


def _read(reader: BinaryIO, wire: Wire, number: int) -> Recorded | None:
    line = reader.readline()
    if not line.endswith(b"\r\n"):
        return None
    try:
        method, path, _ = line.decode("latin-1").split(" ", 2)
    except ValueError:
        return None  # not HTTP: a TLS greeting on a plain port, for one
    headers: dict[str, str] = {}
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int(reader.readline().split(b";")[0] or b"0", 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
    else:
        length = int(headers.get("content-length", 0))
        body = reader.read(length)
        if len(body) < length:
            return None  # the client went away
    return Recorded(method, path, headers, body, number)
