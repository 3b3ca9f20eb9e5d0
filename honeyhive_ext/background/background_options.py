"""How a client sends in the background: `Background`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, get_args

from attrs import frozen

from honeyhive_ext.config.checks import seconds, unquoted, whole_number
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import folder_path

Overflow = Literal["drop_newest", "drop_oldest", "block", "raise"]
OnDrop = Callable[[str, str], object]

LONGEST = 366 * 86_400.0  # seconds


@never_raising
@frozen(kw_only=True)
class Background:
    """How a client sends in the background.

    Attributes:
        max_events: The most events and updates that are queued in memory. Default 1,000,000.
        max_bytes: The most bytes of their JSON. Default 256,000,000.
        flush_events: This number of queued events is sent at once. Default 500, which is one request.
        flush_bytes: This number of queued bytes is sent at once. Default 1,000,000.
        flush_seconds: Seconds after which a queued event is sent at the latest. Default 0.5.
        overflow: What happens if there is no room for an event. "drop_newest" (default) drops it.
            "drop_oldest" drops the oldest queued events. "block" waits up to `block_seconds` for room, and
            then drops the event; the code that records waits meanwhile. "raise" raises a `QueueFullError`
            from `enqueue`; the event of a span is dropped, since tracing raises nothing into traced code.
        block_seconds: How long "block" waits, in seconds. Default 0.1.
        on_drop: A function that gets the id and a word for each event that is lost: a reason of
            `BackgroundStats.dropped` or `BackgroundStats.rejected`. It runs in the thread that sends, or in
            the one that closes the client, so it should be quick. If it raises, the exception is logged.
            Default: none; losses are logged, once a minute at most.
        max_age: Seconds after which an event that could not be sent is dropped. Default 604,800, a week.
        exit_seconds: Seconds that the end of the process may wait for queued events, for all clients
            together. Default 2.
        read_flush_seconds: Seconds that a search, `get`, `update` or tree of the same client first waits
            for queued events to be sent; 0 for no wait. Default 5.
        spool: A folder in which every event is kept until it is delivered. The next process sends the events
            that a killed process left. True for the user's own folder for state. None (default) for the
            environment variable HH_SPOOL, and no spool without it; False for none.
        max_spool_bytes: Bytes that the files in that folder may have together. Default 1 GiB (1,073,741,824).
        sync: What an event in the spool survives. "os" (default): the end of the process, also by SIGKILL.
            "interval": a power cut too, except for the last 100 ms, if the disk syncs within 70 ms and the
            threads that sync get to run. "always": a power cut; recording an event then waits for the disk.
        lane: A name that stands for the project in the spool, so that a new API key finds what an old one
            left. Default: a digest of the key stands for it.
        handle_sigterm: Whether to install a handler for SIGTERM, which sends the queued events within
            `exit_seconds` and then lets the process end as before. Default False. It needs the main thread.

    Raises:
        ConfigError: An option has a wrong value; the message names it and what to write.

    >>> Background(max_bytes=16_000_000, overflow="drop_oldest").max_bytes
    16000000
    >>> Background(overflow="wait")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: Background(overflow=) is 'wait': write "drop_newest", "drop_oldest", "block"...
    """

    __module__ = "honeyhive_ext"

    max_events: int = 1_000_000
    max_bytes: int = 256_000_000
    flush_events: int = 500
    flush_bytes: int = 1_000_000
    flush_seconds: float = 0.5
    overflow: Overflow = "drop_newest"
    block_seconds: float = 0.1
    on_drop: OnDrop | None = None
    max_age: float = 604_800.0
    exit_seconds: float = 2.0
    read_flush_seconds: float = 5.0
    spool: str | os.PathLike[str] | bool | None = None
    max_spool_bytes: int = 1_073_741_824
    sync: Literal["os", "interval", "always"] = "os"
    lane: str = ""
    handle_sigterm: bool = False

    def __attrs_post_init__(self) -> None:
        for name in ("max_events", "max_bytes", "flush_events", "flush_bytes"):
            whole_number(getattr(self, name), f"Background({name}=)", 1)
        for name in ("flush_seconds", "block_seconds", "exit_seconds"):
            seconds(getattr(self, name), f"Background({name}=)")
        seconds(self.max_age, "Background(max_age=)", most=LONGEST)
        seconds(self.read_flush_seconds, "Background(read_flush_seconds=)", least=0)
        whole_number(self.max_spool_bytes, "Background(max_spool_bytes=)", 65_536)
        if self.sync not in ("os", "interval", "always"):
            raise ConfigError(f'Background(sync=) is {self.sync!r}: write "os", "interval" or "always"')
        if not isinstance(self.lane, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(f"Background(lane=) is {self.lane!r}: give a str")
        if self.spool is not None and not isinstance(self.spool, (bool, str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(f"Background(spool=) is {self.spool!r}: give a folder, True or False")
        if self.overflow not in get_args(Overflow):
            raise ConfigError(
                f"Background(overflow=) is {self.overflow!r}: "
                'write "drop_newest", "drop_oldest", "block" or "raise"'
            )
        if self.on_drop is not None and not callable(self.on_drop):
            raise ConfigError("Background(on_drop=) is not callable: give a function of an id and a reason")
        if not isinstance(self.handle_sigterm, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(f"Background(handle_sigterm=) is {self.handle_sigterm!r}: write True or False")


def spool_folder(given: str | os.PathLike[str] | bool | None, environ: Environment) -> str | None:
    """Return the folder of the spool, or None for no spool.

    Args:
        given: `Background(spool=)`. True is `$XDG_STATE_HOME/honeyhive-ext/spool`, whose first part is
            `~/.local/state` by default (XDG Base Directory Specification).
        environ: The environment variables.

    Raises:
        ConfigError: It is not a folder on this machine, such as a URL.
    """
    name = "HH_SPOOL" if given is None else "Background(spool=)"
    if given is None:
        text = unquoted(environ.get("HH_SPOOL", ""))
        given = {"": False, "0": False, "false": False, "1": True, "true": True}.get(text.lower(), text)
    if given is True:
        state = environ.get("XDG_STATE_HOME") or os.path.join("~", ".local", "state")
        given = os.path.join(state, "honeyhive-ext", "spool")
    return str(folder_path(given, name)) if given else None


def background_options(given: Background | bool) -> Background | None:
    """Return the options that `background=` means; None for a client that sends while the caller waits.

    Raises:
        ConfigError: It is neither True, False nor a `Background`.
    """
    if isinstance(given, Background):
        return given
    if given is True:
        return Background()
    if given is False:
        return None
    raise ConfigError(f"background={given!r}: give True, False or a Background(...)")
