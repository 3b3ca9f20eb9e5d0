"""What became of the events that a client took to send later: `BackgroundStats` and `FlushReport`."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from honeyhive_ext.config.reprs import never_raising


@never_raising
@frozen(kw_only=True)
class BackgroundStats:
    """What became of every event and update that a client took to send later.

    At every moment `accepted` is the sum of `delivered`, `rejected`, `dropped`, `queued`, `in_flight` and
    `spooled`.

    Attributes:
        accepted: Those that `enqueue`, `enqueue_update` and spans handed over.
        delivered: Those that the service confirmed.
        rejected: Those that the service refused, by reason: "refused" or "too_large"; or "config", where
            the client cannot send at all.
        dropped: Those that were lost here, by reason: "overflow" (no room), "max_age" (not sent in time),
            "closed" (the client was closed first), "exit" (the process ended first), "invalid" (the event
            could not be made) or "damaged" (its record in the spool is).
        queued: Those that wait in memory.
        queued_bytes: Bytes of their JSON.
        in_flight: Those in a request that has no answer yet.
        spooled: Those that wait on disk only.
        last_error: The last failure of a request, in words; None after a success.
    """

    __module__ = "honeyhive_ext"

    accepted: int = 0
    delivered: int = 0
    rejected: Mapping[str, int] = field(factory=dict[str, int])
    dropped: Mapping[str, int] = field(factory=dict[str, int])
    queued: int = 0
    queued_bytes: int = 0
    in_flight: int = 0
    spooled: int = 0
    last_error: str | None = None

    @property
    def waiting(self) -> int:
        """Those whose fate is open: queued, in flight or spooled."""
        return self.queued + self.in_flight + self.spooled

    @property
    def lost(self) -> int:
        """Those that the service does not have and that are not sent any more."""
        return sum(self.rejected.values()) + sum(self.dropped.values())


@never_raising
@frozen(kw_only=True)
class FlushReport:
    """What `flush` or `close` did.

    Attributes:
        delivered: Events and updates that the service confirmed meanwhile.
        lost: Those that were rejected or dropped meanwhile; `stats()` has them by reason.
        waiting: Those that are left: in memory, in flight or on disk.
        seconds: How long it took.
        error: Why something is left, as far as it is known.
    """

    __module__ = "honeyhive_ext"

    delivered: int
    lost: int
    waiting: int
    seconds: float
    error: str | None = None

    @property
    def success(self) -> bool:
        """Whether nothing was lost meanwhile, and nothing is left."""
        return not self.lost and not self.waiting
