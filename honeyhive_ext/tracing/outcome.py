"""What an exception means that comes up while the event of a span is sent, and what is said about it."""

from __future__ import annotations

import logging
import sys

from honeyhive_ext.config.signals import arguments, from_a_signal_handler, tracebacks
from honeyhive_ext.errors import APIStatusError, ConfigError, EventError, HoneyHiveError
from honeyhive_ext.serialize.encoders import type_name

log = logging.getLogger("honeyhive_ext.tracing")

# Packages that a request goes through, besides those of Python itself.
_BELOW = frozenset({"builtins", "httpx", "httpx2", "httpcore", "h11", "h2", "anyio", "socksio", "aiohttp"})


def is_the_applications(failure: BaseException) -> bool:
    """Tell whether an exception that came up while sending is the application's, which must get it.

    Examples are a Ctrl-C, a cancellation, and the time limit of a task queue, which a signal handler or
    another thread raises wherever this thread is. All others say that the event was not sent.
    """
    if not isinstance(failure, Exception) or from_a_signal_handler(failure):
        return True
    if isinstance(failure, HoneyHiveError):
        return False
    if type(failure) is TimeoutError:  # one of the network is an error of this package by now
        return failure.errno is None and "timed out" not in str(failure)
    package = str(type(failure).__module__).partition(".")[0]
    if package in _BELOW or package in sys.stdlib_module_names:
        return False
    return not _from_a_transport_or_log(failure)


def _from_a_transport_or_log(error: Exception) -> bool:
    """Return whether it comes from a function that got a request of httpx or a record of logging.

    Such functions are transports, hooks of an HTTP client, and handlers and filters of logs.
    """
    kinds: list[type] = [type(one) for traceback in tracebacks(error) for one in arguments(traceback)]
    names = {(str(kind.__module__).partition(".")[0], kind.__name__) for kind in kinds}
    return not names.isdisjoint({("httpx", "Request"), ("httpx2", "Request"), ("logging", "LogRecord")})


def log_not_sent(event_id: str, event_type: str, failure: BaseException | str) -> str:
    """Log that the event of a span was not sent, and return why, in words without a value of the event."""
    why = failure if isinstance(failure, str) else type_name(failure)
    if isinstance(failure, APIStatusError):
        why += f" {failure.status}"
    elif isinstance(failure, EventError):
        why += f" at {failure.path}" if failure.path else ""
    elif isinstance(failure, ConfigError):
        why += f": {failure}"
    elif sys.is_finalizing():
        why += ", as Python was ending"
    say("the event %s (%s) of a span was not sent: %s", event_id, event_type, why)
    return why


def say(message: str, *details: object) -> None:
    """Write a log record of level ERROR. A log handler that raises does not stop the application."""
    with quietly:
        log.error(message, *details)


class _Quietly:
    """Drops what telemetry raises about itself, but nothing that a signal handler raises meanwhile."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, Exception) and not from_a_signal_handler(error)


quietly = _Quietly()
