"""What became of the events that a client queued: `BackgroundStats` and `FlushReport`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.reprs import never_raising

if TYPE_CHECKING:
    from honeyhive_ext.views.formats import Cell


@never_raising
@frozen(kw_only=True, repr=False)
class BackgroundStats:
    """Counts of what became of every event and update that a client queued.

    `accepted` is always the sum of `delivered`, `rejected`, `dropped`, `queued`, `in_flight` and
    `spooled`.

    Attributes:
        accepted: Those that `enqueue`, `enqueue_update` and spans queued.
        delivered: Those that the service confirmed.
        rejected: Those that the service refused, by reason: "refused", "too_large", or "config" if the
            client cannot send at all.
        dropped: Those that were lost in the client, by reason. "overflow": there was no room. "max_age":
            not sent in time. "closed": the client was closed first. "exit": the process ended first.
            "invalid": the event could not be made. "damaged": its record in the spool was damaged.
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

    def _facts(self) -> list[tuple[str, Cell]]:
        return [
            ("accepted", f"{self.accepted:,}"),
            ("delivered", f"{self.delivered:,}"),
            ("rejected", _reasons(self.rejected)),
            ("dropped", _reasons(self.dropped)),
            ("queued", f"{self.queued:,} ({self.queued_bytes:,} bytes)" if self.queued else None),
            ("in flight", self.in_flight),
            ("spooled", self.spooled),
            ("last error", self.last_error),
        ]

    def __repr__(self) -> str:
        return _described("BackgroundStats", self._facts())

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.markup import card

        return card("BackgroundStats", self._facts())


@never_raising
@frozen(kw_only=True, repr=False)
class FlushReport:
    """The result of `flush` or `close`.

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

    def _facts(self) -> list[tuple[str, Cell]]:
        return [
            ("delivered", f"{self.delivered:,}"),
            ("lost", self.lost),
            ("waiting", self.waiting),
            ("seconds", f"{self.seconds:.3f}"),
            ("error", self.error),
        ]

    def __repr__(self) -> str:
        return _described("FlushReport", self._facts())

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.markup import card

        return card("FlushReport", self._facts())


def _reasons(counts: Mapping[str, int]) -> str | None:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count) or None


def _described(name: str, facts: list[tuple[str, Cell]]) -> str:
    """Return one line without what is unset or zero."""
    known = (f"{fact} {value}" for fact, value in facts if value)
    return f"<{name}: {printable('; '.join(known))}>"
