"""`LocalServer`: the store, the core and their adapters in one object."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.adapters.security import LOOPBACK_NAMES, Keys
from honeyhive_ext.local.app import App
from honeyhive_ext.local.faults.fault import Fault
from honeyhive_ext.local.faults.rules import Faults
from honeyhive_ext.local.leases import LateRequests, Lease, Leases
from honeyhive_ext.local.listener import Listener
from honeyhive_ext.local.log import RequestLog
from honeyhive_ext.local.message import Request, RequestRefused, Response
from honeyhive_ext.local.routes import control
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.state import ServerState, open_state
from honeyhive_ext.local.switches import Switches, SwitchOptions

if TYPE_CHECKING:
    from honeyhive_ext.local.adapters.asgi import LocalASGI
    from honeyhive_ext.local.adapters.in_process import AsyncLocalTransport, LocalTransport

ANY_KEY = "hh_local"  # the value of the environment variable if any key is accepted


class LocalServer:
    """The HoneyHive events API on this machine, with real persistence and failure on demand.

    As a context manager it listens on a socket. Otherwise `transport()`, `async_transport()` and `asgi()`
    reach it in this process, and you call `close()` at the end.

    Args:
        db: The SQLite file, which is created with mode 0600 if it does not exist; `~` is the home folder.
            None keeps everything in memory; ":memory:" is refused.
        host: The address to listen on. An address that is not loopback causes a warning.
        port: The port; 0 lets the system choose a free one, which `url` contains.
        api_key: The only key that is accepted; None accepts any.
        ingestion_key: A key that may create and update but not read.
        index: Dotted paths to index, such as `metadata.tag`. A search by one of them reads only its matches.
            A file keeps its indexes.
        max_size: The size in bytes above which the oldest sessions are deleted; None for no limit.
        faults: Faults in force from the start and after a reset.
        seed: The seed of every random choice: faults by probability, drawn delays, shuffled ties.
        allowed_hosts: Names that requests may have in their Host header, besides this machine's own.
        switches: The undocumented behaviours; see `Switches` for names, values and defaults.

    Raises:
        ConfigError: A switch or a value that does not exist, a file that is not a store, or the extra `local`
            is not installed.

    >>> with LocalServer(count="page") as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        ingestion_key: str | None = None,
        index: Sequence[str] = (),
        max_size: int | None = None,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        allowed_hosts: Collection[str] = (),
        **switches: Unpack[SwitchOptions],
    ) -> None:
        if not host or not all(allowed_hosts):
            name = "allowed_hosts has a name that" if host else "host"
            raise ConfigError(
                f"{name} is empty: give the name or the address of this machine, or leave it out"
            )
        self._allowed = frozenset({*LOOPBACK_NAMES, host.lower(), *(name.lower() for name in allowed_hosts)})
        self._keys = Keys(api_key, ingestion_key)
        self._owned = state = open_state(
            db, switches, keys=self._keys, index=index, max_size=max_size, faults=faults, seed=seed
        )
        self._app = App(state)
        self._max_body = lambda: state.switches.max_body
        self._leases = Leases()
        self._lease: Lease | None = None
        self._listener = Listener(
            host, port, self._allowed, self._max_body, self._app.handle, self._leases, api_key is not None
        )

    def start(self) -> Self:
        """Start to listen and return the server. A server that listens stays as it is."""
        with self._leases.use(self._lease):
            self._listener.start(self._lease)
        return self

    def stop(self) -> None:
        """Stop listening and close open connections. The store stays.

        Reads that run are ended. For other requests it waits, at most 2 s.
        """
        with self._leases.use(self._lease):
            self._listener.stop(self._owned.store.interrupt)

    def close(self) -> None:
        """Stop listening and close the store. A store in memory is lost."""
        self.stop()
        if self._lease is None:
            self._owned.store.close()

    def lend(self, holder: str) -> Self:
        """Return this server for one test: empty, and at an address that only this test gets.

        The store, the log, the switches and the faults are reset. From now on, requests to the addresses of
        earlier tests are refused with status 410, and `take_late` names them. What they had begun has ended
        before this method returns. The address of this server itself stays as it is; requests there are
        answered, whichever test has the server.

        Args:
            holder: The name of the test, for messages.

        Raises:
            ConfigError: A request of the test before has not ended after 60 s.

        >>> server = LocalServer()
        >>> first = server.lend("the first test").start()
        >>> second = server.lend("the second test").start()
        >>> first.url == second.url
        False
        >>> server.close()
        """
        lent = copy.copy(self)
        background = sys.modules.get("honeyhive_ext.background.background_sender")
        if background is not None:
            background.discard_all_for(self._listener.urls_of_leases())
        lent._lease = self._leases.renew(holder)
        lent.reset()
        return lent

    def take_late(self) -> list[LateRequests]:
        """Return the requests to addresses of earlier tests since the last call, one entry for each test."""
        return self._leases.take_late()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL for a client.

        Raises:
            ConfigError: The server does not listen.
        """
        return self._listener.url(self._lease)

    def serves(self, base_url: str) -> bool:
        """Return whether a URL is an address that this server has, or had since it was made."""
        return self._listener.serves(base_url)

    @property
    def api_key(self) -> str:
        """A key for a client: the one that is accepted, or "hh_local" if any is accepted."""
        return self._keys.key or ANY_KEY

    @property
    def environ(self) -> dict[str, str]:
        """The two environment variables from which a client takes this server and its key.

        Raises:
            ConfigError: The server does not listen.
        """
        return {"HH_API_URL": self.url, "HH_API_KEY": self.api_key}

    def handle(self, request: Request) -> Response:
        """Return the answer to one request, without any transport."""
        if self._lease is None:
            return self._app.handle(request)
        return self._leases.answer(self._lease, self._app.handle, request)

    def transport(self) -> LocalTransport:
        """Return an httpx transport that reaches this server in the same process."""
        from honeyhive_ext.local.adapters.in_process import LocalTransport

        return LocalTransport(self.handle)

    def async_transport(self) -> AsyncLocalTransport:
        """Return the same for `httpx.AsyncClient`, on asyncio or trio."""
        from honeyhive_ext.local.adapters.in_process import AsyncLocalTransport

        return AsyncLocalTransport(self.handle)

    def asgi(self) -> LocalASGI:
        """Return this server as an ASGI application."""
        from honeyhive_ext.local.adapters.asgi import LocalASGI

        return LocalASGI(self.handle, self._allowed, self._max_body)

    @property
    def _state(self) -> ServerState:
        """The state, for as long as this server is lent."""
        with self._leases.use(self._lease):
            return self._owned

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self._state.switches

    def configure(self, **switches: Unpack[SwitchOptions]) -> Switches:
        """Set switches of the running server and return all of them.

        Raises:
            ConfigError: A switch or a value that does not exist.
        """
        return self._state.configure(switches)

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self._state.faults

    @property
    def requests(self) -> RequestLog:
        """The last requests, oldest first, without keys. Clients of this process send what they hold."""
        self._let_clients_send()
        return self._state.log

    def reset(self) -> None:
        """Empty the store and the log, and restore the switches and faults of the constructor."""
        with self._leases.use(self._lease):
            self._owned.reset()

    def seed(self, events: Iterable[Mapping[str, Any] | str | bytes]) -> int:
        """Store events, as mappings or as lines of JSON, and return how many there were. All or none.

        An event whose id is stored already is replaced.

        Raises:
            ConfigError: An event that violates its schema; the message names the failing paths.
        """
        context = Context(Request("POST", "/_local/seed"), self._state, self.switches)
        try:
            with self._leases.use(self._lease):
                return control.store_lines(context, (_line(event) for event in events))
        except RequestRefused as refusal:
            raise ConfigError(refusal.message) from refusal

    def export(self) -> Generator[str]:
        """Yield every event as a line of JSON, in the order of insertion.

        Clients of this process first send their queued events for this server. This takes 5 s at most.
        """
        self._let_clients_send()
        for line in control.export_lines(self._state.store):
            yield line.decode().rstrip("\n")

    def events(self) -> list[dict[str, Any]]:
        """Return every event, in the order of insertion; see `export`."""
        return [json.loads(line) for line in self.export()]

    def _let_clients_send(self) -> None:
        background = sys.modules.get("honeyhive_ext.background.background_sender")
        if background is not None:
            background.flush_all_for(self._listener.urls(self._lease))


def _line(event: Mapping[str, Any] | str | bytes) -> bytes:
    if isinstance(event, bytes):
        return event
    if isinstance(event, str):
        return event.encode()
    return json.dumps(dict(event), ensure_ascii=False, allow_nan=False).encode(errors="surrogatepass")
