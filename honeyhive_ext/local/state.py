"""The state of one server: its store, switches, faults, log and keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import honeyhive_schemas
from attrs import define, field

from honeyhive_ext.config.checks import whole_number
from honeyhive_ext.files.names import PathLike, database_path
from honeyhive_ext.local.adapters.security import Keys
from honeyhive_ext.local.faults.fault import Fault
from honeyhive_ext.local.faults.rules import Faults
from honeyhive_ext.local.log import RequestLog
from honeyhive_ext.local.routes.validate import load_schemas
from honeyhive_ext.local.store import Store, kinds
from honeyhive_ext.local.switches import Switches

Clock = Callable[[], int]


def now_ms() -> int:
    """Return the current time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@define(eq=False)
class ServerState:
    """What requests read and what the routes under `/_local/` change.

    Args:
        store: The events.
        switches: The switches in force.
        first_switches: The switches that a reset returns to.
        faults: The faults in force.
        log: The last requests.
        keys: The API keys that are accepted.
        clock: Returns the current time in Unix milliseconds.
        otlp: What tracers sent: how many spans were stored and refused, log records, metrics.
    """

    store: Store
    switches: Switches
    first_switches: Switches
    faults: Faults
    log: RequestLog
    keys: Keys
    clock: Clock = now_ms
    otlp: dict[str, int] = field(factory=lambda: dict.fromkeys(("spans", "refused", "logs", "metrics"), 0))

    def configure(self, options: Mapping[str, object]) -> Switches:
        """Set switches and return all of them.

        Raises:
            ConfigError: A name or a value that does not exist.
        """
        self.switches = self.switches.changed(options)
        return self.switches

    def reset(self) -> None:
        """Empty the store and the log, and restore the first switches and faults."""
        self.store.write(lambda transaction: transaction.clear())
        self.switches = self.first_switches
        self.faults.reset()
        self.log.clear()
        self.otlp.update(dict.fromkeys(self.otlp, 0))


def open_state(
    db: PathLike | None = None,
    switches: Mapping[str, object] | None = None,
    *,
    keys: Keys | None = None,
    index: Sequence[str] = (),
    max_size: int | None = None,
    faults: Iterable[Fault] = (),
    seed: int = 0,
    clock: Clock = now_ms,
) -> ServerState:
    """Open a store and return the state of a server on it. The arguments are those of `LocalServer`.

    Raises:
        ConfigError: An option that does not exist, a file that is not a store, or no library that validates.
    """
    load_schemas()
    chosen = Switches().changed(switches or {})
    if max_size is not None:
        whole_number(max_size, "max_size", 1)
    store = Store(
        None if db is None else database_path(db),
        kinds(honeyhive_schemas.schema("PostEventRequest")),
        index=index,
        max_size=max_size,
    )
    log, accepted = RequestLog(), keys or Keys()
    return ServerState(store, chosen, chosen, Faults(faults, seed=seed), log, accepted, clock)
