"""What is said about events that are lost or held up: a log record a minute, at most."""

from __future__ import annotations

import logging
import time
from collections import Counter

from honeyhive_ext.background.stats import BackgroundStats
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import APIStatusError, HoneyHiveError

log = logging.getLogger("honeyhive_ext.background")

EVERY = 60.0  # seconds

_ADVICE = {
    "overflow": "Background(max_bytes=, max_events=) is how much may wait",
    "max_age": "Background(max_age=) is how long an event is kept",
    "exit": "Background(exit_seconds=) is how long the end of the process may take",
    "closed": "close(timeout=) is how long closing may take",
    "too_large": "the service refuses their size",
}

_VARIABLES = {401: "HH_API_KEY or HH_INGESTION_API_KEY", 403: "HH_API_KEY or HH_INGESTION_API_KEY"}


def write(level: int, text: str, *arguments: object) -> None:
    """Write a log record. A handler that raises does not stop the sending."""
    try:
        log.log(level, text, *arguments)
    except Exception as failure:
        if from_a_signal_handler(failure):
            raise


class Complaints:
    """Writes what goes wrong, each kind once a minute at most: it may go wrong for each event."""

    def __init__(self) -> None:
        self._when: dict[str, float] = {}

    def say(self, text: str, *arguments: object) -> None:
        """Write an error. The text tells the kinds apart."""
        now = time.monotonic()
        if now - self._when.get(text, -EVERY) >= EVERY:
            self._when[text] = now
            write(logging.ERROR, text, *arguments)


class LossLog:
    """Collects what is lost, and says it in few words."""

    def __init__(self) -> None:
        self._said: Counter[str] = Counter()  # what is lost, as far as it was said
        self._when = -EVERY
        self._last = -EVERY

    def say(
        self,
        now: float,
        stats: BackgroundStats,
        error: HoneyHiveError | None,
        *,
        last: bool = False,
        kept: bool = False,
    ) -> None:
        """Write a log record if there is something to say and the last one is long enough ago.

        Args:
            now: The monotonic clock, in seconds.
            stats: What became of the events so far.
            error: Why events wait; None while the service takes them.
            last: Whether nothing may be said later: then what is lost is said now.
            kept: Whether what has no answer is on disk.
        """
        if now - (self._last if last else self._when) < EVERY:  # events may come after the last record
            return
        total = Counter(stats.dropped) + Counter(stats.rejected)
        lost = total - self._said
        waiting = stats.waiting
        open_now = stats.in_flight if last and not kept else 0
        if not lost and not open_now and (error is None or not waiting):
            return
        self._when, self._said = now, total
        if last:
            self._last = now
        parts: list[str] = []
        if lost:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(lost.items()))
            parts.append(f"{lost.total():,} events are lost ({reasons})")
        if open_now:
            parts.append(f"{open_now:,} events are in a request that has no answer, and may be lost")
        elif waiting and error is not None:
            parts.append(f"{waiting:,} events wait")
        if error is not None:
            parts.append(cause(error))
        parts += [_ADVICE[reason] for reason in sorted(lost) if reason in _ADVICE]
        write(logging.ERROR if lost or open_now else logging.WARNING, "%s", "; ".join(parts))


def cause(error: HoneyHiveError) -> str:
    """Return why events wait, in words without a value of an event or of an answer."""
    name = type(error).__name__
    if isinstance(error, APIStatusError):
        variable = _VARIABLES.get(error.status)
        hint = f": check {variable}" if variable else ""
        return f"the service answers {error.status} ({name}){hint}"
    return f"requests fail ({name}): check base_url (HH_API_URL) and the network"
