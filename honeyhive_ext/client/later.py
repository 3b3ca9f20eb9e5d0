"""What a client hands over to be sent later: `Later`. The background sender is made at the first use."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from honeyhive_ext.background.background_options import Background, background_options, spool_folder
from honeyhive_ext.background.entry import Entry, fitted
from honeyhive_ext.background.stats import BackgroundStats, FlushReport
from honeyhive_ext.client.collecting import collecting
from honeyhive_ext.config.checks import seconds
from honeyhive_ext.config.interpreters import require_main_interpreter
from honeyhive_ext.config.sampling import sampled
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.only_newer import birth, only_newer
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.payload.events import prepare_event, prepare_update
from honeyhive_ext.payload.recorded import prepare_recorded
from honeyhive_ext.payload.resumption import prepare_resumption
from honeyhive_ext.payload.times import now_ms
from honeyhive_ext.serialize.bounded import CAPTURE_BYTES
from honeyhive_ext.tracing.ending import within_limits
from honeyhive_ext.tracing.outcome import log_not_sent

if TYPE_CHECKING:
    from honeyhive_ext.background.background_sender import BackgroundSender
    from honeyhive_ext.background.keeping import Keeper
    from honeyhive_ext.batch.limits import ObservedSizeLimit
    from honeyhive_ext.batch.run import BatchSender
    from honeyhive_ext.config.settings import EventSettings, Settings
    from honeyhive_ext.http.exchange import Call

_ending: list[int] = []  # the processes that began to end before anything was handed over

# They create, so they need nothing of what waits.
_CREATIONS = frozenset({"createEvent", "createEventBatch", "createSession", "createSessionEventBatch"})

_NOTHING = FlushReport(delivered=0, lost=0, waiting=0, seconds=0.0)


def _span_entry(settings: EventSettings, fields: dict[str, Any]) -> Entry:
    content = prepare_recorded(fields, settings)
    if content is None or len(content) > CAPTURE_BYTES:
        wire = prepare_event(None, within_limits(fields), settings=settings, now_ms=now_ms)
        return Entry(wire.event_id, fitted(wire.content))
    return Entry(fields["event_id"], fitted(content))


def _resumption_entry(settings: EventSettings, fields: dict[str, Any]) -> Entry:
    session_id, content = prepare_resumption(within_limits(fields), settings=settings, now_ms=now_ms)
    return Entry(session_id, content, resumes=True)


@atexit.register
def _at_exit() -> None:
    """Send what waits. It is registered early: at its end a process registers nothing more."""
    process_end = sys.modules.get("honeyhive_ext.background.process_end")
    if process_end is None:  # nothing waits
        _ending.append(os.getpid())
    else:
        process_end.at_exit()


def connected(sender: Sender, sleep: Callable[[float], None]) -> Sender:
    """Return a plain sender that waits in another way, and shares everything else with this one."""
    made = object.__new__(Sender)
    made.__dict__ |= {**sender.__dict__, "sleep": sleep}
    return made


class Later(Unpicklable):
    """The part of a client that sends later.

    Args:
        given: The option `background=` of the client.
        settings: The client's settings.
        observed: The size that the service accepts, as the client knows it so far.
        connect: Makes what sends out of a function that waits some seconds.
        seen: Is called where an event is handed over; None for nothing.
        disconnect: Closes the connections that are only for this; None for nothing.
        given_transport: Whether the client sends through a client or transport that was given.

    Raises:
        ConfigError: `given` is not an option, or a signal handler cannot be installed.
    """

    def __init__(
        self,
        given: Background | bool,
        settings: Settings,
        observed: ObservedSizeLimit,
        connect: Callable[[Callable[[float], None]], BatchSender],
        seen: Callable[[], None] | None = None,
        disconnect: Callable[[], None] | None = None,
        given_transport: bool = False,
    ) -> None:
        self._options = background_options(given)
        self._settings = settings
        self._observed = observed
        self._connect = connect
        self._seen = seen
        self._disconnect = disconnect
        self._base_url = "" if given_transport else settings.base_url
        self._born = birth()
        self._made: dict[None, BackgroundSender] = {}
        self._closed = False
        self._keep: Callable[[], Keeper] | None = None
        if self._options is not None:
            self._prepare(self._options)

    def _prepare(self, options: Background) -> None:
        """Do what an option asks for when the client is made."""
        require_main_interpreter()
        if options.handle_sigterm:
            from honeyhive_ext.background.process_end import handle_sigterm

            handle_sigterm()
        folder = spool_folder(options.spool, Environment(os.environ))
        if folder is not None:
            from honeyhive_ext.background.keeping import Keeper
            from honeyhive_ext.background.spool.header import Destination

            key = self._settings.key(write=True)
            destination = Destination(self._settings.base_url, key, options.lane)
            self._keep = partial(Keeper, folder, destination, options)
            self._make()

    @property
    def spans(self) -> Callable[[dict[str, Any]], None] | None:
        """What takes the events of spans; None if spans wait until their events are sent.

        The first span makes the background sender already, so that its end does not wait for imports.
        """
        return self.spans_made_with(self._settings.events)

    def spans_made_with(self, settings: EventSettings) -> Callable[[dict[str, Any]], None] | None:
        """Return the same for spans whose events are made in another way."""
        return self._taking(partial(_span_entry, settings))

    @property
    def resumptions(self) -> Callable[[dict[str, Any]], None] | None:
        """The same for sessions with `resume=True`."""
        return self._taking(partial(_resumption_entry, self._settings.events))

    def _taking(self, make: Callable[[dict[str, Any]], Entry]) -> Callable[[dict[str, Any]], None] | None:
        if self._options is None:
            return None
        if None not in self._made:
            self._make()
        return partial(self._take_span, make)

    def _take_span(self, make: Callable[[dict[str, Any]], Entry], fields: dict[str, Any]) -> None:
        try:
            sender = self._sender()
        except ConfigError as error:  # a client that was made before a test
            log_not_sent(fields["event_id"], fields["event_type"], error)
            return
        if collecting():
            sender.enqueue_later(make, fields)
        else:
            sender.enqueue_span(make, fields)

    def enqueue(self, event: Any, fields: Mapping[str, Any]) -> str:
        """Take an event, and return its id; see `Events.enqueue`."""
        sender = self._sender()
        settings = self._settings.events
        wire = prepare_event(event, fields, settings=settings, now_ms=now_ms)
        if settings.sample_rate >= 1 or sampled(wire.session_id or wire.event_id, settings.sample_rate):
            sender.enqueue(wire)
        return wire.event_id

    def enqueue_recorded(self, fields: dict[str, Any]) -> None:
        """Take an event whose fields are checked already, and of builtin types: a span of another tracer.

        Raises:
            ConfigError: The client is closed.
            EventError: The redact hook refuses it, or JSON cannot hold it.
            QueueFullError: There is no room, and `overflow` is "raise".
        """
        sender = self._sender()
        settings = self._settings.events
        if settings.sample_rate < 1 and not sampled(fields["session_id"], settings.sample_rate):
            return
        if collecting():
            sender.enqueue_later(partial(_span_entry, settings), fields)
        else:
            sender.enqueue(_span_entry(settings, fields))

    def enqueue_update(self, event: Any, fields: Mapping[str, Any]) -> None:
        """Take an update; see `Events.enqueue_update`."""
        sender = self._sender()
        sender.enqueue_update(*prepare_update(event, fields, settings=self._settings.events))

    def wait_before(self, call: Call) -> float:
        """Return the seconds for which a call first waits for what is held here; 0 for no wait."""
        sender = self._made.get(None)
        if sender is None or sender.idle or call.operation in _CREATIONS:
            return 0.0
        return sender.options.read_flush_seconds

    def flush(self, timeout: float) -> FlushReport:
        """Send what waits; see `HoneyHive.flush`."""
        limit = seconds(timeout, "timeout")
        sender = self._made.get(None)
        return _NOTHING if sender is None else sender.flush(limit)

    def close(self, timeout: float, then: Callable[[float], object] = bool) -> FlushReport:
        """Send what waits, for the last time, and call a function with the time left, whatever ends the wait.

        See `HoneyHive.close`.
        """
        limit = seconds(timeout, "timeout")
        end = time.monotonic() + limit
        self._closed = True
        sender = self._made.get(None)
        try:
            return _NOTHING if sender is None else sender.close(limit)
        finally:
            then(max(0.0, end - time.monotonic()))

    def hurry(self) -> None:
        """Begin to send what waits, and do not wait for it."""
        sender = self._made.get(None)
        if sender is not None:
            sender.hurry()

    def abandon(self) -> None:
        """Let what waits be sent: the client is gone."""
        sender = self._made.get(None)
        if sender is not None:
            sender.abandon()

    def stats(self) -> BackgroundStats:
        """Return what became of what was handed over; see `HoneyHive.stats`."""
        sender = self._made.get(None)
        return BackgroundStats() if sender is None else sender.stats()

    def _sender(self) -> BackgroundSender:
        if self._born < only_newer.born_before and self._base_url:
            only_newer.check(self._base_url)
        sender = self._made.get(None)
        return self._make() if sender is None else sender

    def must_send(self) -> Background:
        """Return the options, and refuse to go on without any.

        Raises:
            ConfigError: The client was made with `background=False`.
        """
        if self._options is None:
            raise ConfigError(
                "the client was made with background=False, which sends nothing later: use events.create or "
                "events.update, or leave background=False out"
            )
        return self._options

    def _make(self) -> BackgroundSender:
        """Make the background sender. It takes imports that a client which only waits does not need."""
        options = self.must_send()
        from honeyhive_ext.background import process_end
        from honeyhive_ext.background.background_sender import BackgroundSender
        from honeyhive_ext.batch.options import build_options

        if os.getpid() in _ending:
            process_end.at_exit()
        # The background sender waits itself after a failure.
        batch = build_options(
            self._settings, self._observed, on_error="collect", max_concurrency=1, retry=False
        )
        made = BackgroundSender(
            self._connect, batch, options, self._seen, self._disconnect, self._base_url, self._keep
        )
        made = self._made.setdefault(None, made)  # of two threads, one keeps its own
        if self._closed:
            made.close(1.0)
        return made
