"""The events of spans that end where their thread must not wait for the network.

Such an event waits in two cases:

- The garbage collector closes a generator. It runs in any thread, which may hold any lock: of an import, of
  the application, of a server in the same process. A thread of this module sends the event.
- The thread is inside a request over a client or a transport that was given, which cannot be entered twice: a
  signal handler or a finaliser interrupts it. The same thread sends the event right after that request.

What still waits is sent after the next call, by `close`, or when the program ends. Nothing here holds a lock
that a finaliser may have to wait for.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Container
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

from honeyhive_ext.client.collecting import collecting
from honeyhive_ext.client.later import Later
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import HoneyHiveError
from honeyhive_ext.http.sender import Call, Reply, Sender
from honeyhive_ext.tracing.open_spans import send_unfinished
from honeyhive_ext.tracing.outcome import is_the_applications, log_not_sent

if TYPE_CHECKING:
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.exchange import Accept

LONGEST_WAIT = 30.0  # seconds that `flush` waits for the thread that helps
MOST_WAITING = 10_000  # events


class _Late(NamedTuple):
    """An event that waits, with the context in which its span ended.

    Attributes:
        thread: The thread that sends it after its request; 0 for any.
    """

    sender: DeferringSender
    create: Callable[..., object]
    arguments: dict[str, Any]
    context: Context
    thread: int

    def send(self) -> None:
        try:
            self.context.run(self.create, **self.arguments)
        except BaseException as failure:
            self.not_sent(failure)
            if is_the_applications(failure):
                raise

    def not_sent(self, failure: BaseException | str) -> None:
        log_not_sent(self.arguments["event_id"], self.arguments["event_type"], failure)


class _Waiting:
    """The events that wait, in this process."""

    def __init__(self) -> None:
        self.events: deque[_Late] = deque()
        self.sending: set[int] = set()  # threads that send what waits
        self.helping = threading.Lock()  # held by the thread that helps; only `flush` waits for it

    def add(self, late: _Late) -> None:
        """Let an event wait."""
        if len(self.events) < MOST_WAITING:
            self.events.append(late)
        else:
            late.not_sent(f"{MOST_WAITING:,} events wait already")

    def take(self, threads: Container[int] | None) -> _Late | None:
        """Return the next event for one of these threads, or for any; None if this thread can send none."""
        for _ in range(len(self.events)):
            with contextlib.suppress(IndexError):  # another thread took the last one
                late = self.events.popleft()
                if (threads is None or late.thread in threads) and not late.sender.busy:
                    return late
                self.events.append(late)
        return None

    def send(self, threads: Container[int] | None = None) -> None:
        """Send, in this thread, what waits for one of these threads."""
        thread = threading.get_ident()
        if thread in self.sending:
            return
        self.sending.add(thread)
        try:
            while (late := self.take(threads)) is not None:
                late.send()
        finally:
            self.sending.discard(thread)

    def after_call(self) -> None:
        """Send what waited for this thread, and let a thread send the rest."""
        self.send((threading.get_ident(),))
        if self.events and not self.send_in_thread():
            self.send()

    def send_in_thread(self) -> bool:
        """Send what waits in a thread, and return whether there is one.

        To start it with `threading` could wait for a lock of that module.
        """
        if not self.events or not self.helping.acquire(blocking=False):
            return True
        try:
            _thread.start_new_thread(self._help, ())
        except RuntimeError:  # none can be started
            self.helping.release()
            return False
        return True

    def _help(self) -> None:
        try:
            self.send()
        except BaseException:  # noqa: BLE001, S110 - it is logged, and this thread is no one's
            pass
        finally:
            self.helping.release()
        self.send_in_thread()  # what came after the last look

    def flush(self) -> None:
        """Send what waits, and wait for the thread that helps."""
        self.send()
        self._wait(LONGEST_WAIT)

    def flush_within(self, seconds: float) -> None:
        """Send what waits, in the thread that helps, and wait so long for it."""
        if self.send_in_thread():
            self._wait(seconds)
        else:
            self.send()

    def _wait(self, seconds: float) -> None:
        if self.helping.acquire(timeout=seconds):
            self.helping.release()


_waiting = _Waiting()


@atexit.register
def _at_exit() -> None:
    send_unfinished()  # may let events wait
    _waiting.flush()


def _forked() -> None:
    global _waiting
    _waiting = _Waiting()  # what waits is the parent's


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_forked)


class DeferringSender(Sender):
    """A sender that also sends what waits, after its calls.

    Attributes:
        later: What the same client sends later, or None.
    """

    later: Later | None = None

    @property
    def busy(self) -> bool:
        """Whether this thread is inside a request that cannot be entered twice."""
        return self._pool.busy

    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply:
        """Send a call as `Sender.send` does, and then what waits. A call that reads first lets it be sent."""
        if self.later is not None and (seconds := self.later.wait_before(call)):
            self.later.flush(seconds)
        try:
            reply = super().send(call, retry=retry, timeout=timeout, accept=accept)
        except HoneyHiveError:
            if _waiting.events:
                _waiting.after_call()
            raise
        except BaseException:  # such as a time limit: the application waits for nothing more
            _waiting.send_in_thread()
            raise
        if _waiting.events:
            _waiting.after_call()
        return reply

    def close_within(self, seconds: float) -> None:
        """Send what waits, but no longer than this time, and close the connections."""
        _waiting.flush_within(seconds)
        self.close()


class SpanEvents(Unpicklable):
    """Creates the events of spans, now or later.

    Args:
        sender: What sends them.
        create: Creates an event with it, such as `Events.create`.
    """

    def __init__(self, sender: DeferringSender, create: Callable[..., object]) -> None:
        self._sender = sender
        self._create = create

    def create(self, **arguments: Any) -> None:
        """Create the event of a span; see `Events.create` for the arguments."""
        garbage = collecting()
        if not garbage and not self._sender.busy:
            self._create(**arguments)
            return
        thread = 0 if garbage else threading.get_ident()
        _waiting.add(_Late(self._sender, self._create, arguments, copy_context(), thread))
        if garbage:
            _waiting.send_in_thread()
