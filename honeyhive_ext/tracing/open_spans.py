"""The spans that have begun and not ended. Those that are left when Python ends send their events then.

A generator that is still open, or a `with` block of a daemon thread, would end while Python takes itself
apart: too late to import, to start a thread or to resolve a name.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable
from typing import Protocol
from weakref import ref

Failures = dict[Callable[..., object], BaseException]
"""What sends events, and its error, where the service is away: the next event is not tried."""


class OpenSpan(Protocol):
    """A span as this module sees it."""

    def send_unfinished(self, failures: Failures) -> None:
        """Send the event with what is known so far, with one attempt."""


_open: dict[int, ref[OpenSpan]] = {}
_inherited: dict[int, ref[OpenSpan]] = {}  # were open when this process was forked: their parent sends them


def opened(span: OpenSpan) -> None:
    """Remember a span that begins."""
    _open[id(span)] = ref(span)


def claim(span: OpenSpan) -> bool:
    """Return True once for each span: to the caller who may send its event."""
    if _open.pop(id(span), None) is not None:
        return True
    return is_of_the_parent(span) and _inherited.pop(id(span), None) is not None


def is_of_the_parent(span: OpenSpan) -> bool:
    """Tell whether a span began in a process of which this one is a forked child."""
    known = _inherited.get(id(span))
    return known is not None and known() is span


def _forked() -> None:
    _inherited.clear()
    _inherited.update(_open)
    _open.clear()


@atexit.register
def send_unfinished() -> None:
    """Send the events of all spans that are still open, one attempt each; stop at a service that is away."""
    failures: Failures = {}
    for reference in [*_open.values()]:
        span = reference()
        if span is not None and claim(span):
            span.send_unfinished(failures)


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_forked)
