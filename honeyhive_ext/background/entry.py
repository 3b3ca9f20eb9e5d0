"""An event or an update that is to be sent later."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from honeyhive_ext.background.spool.backlog import Backlog


def fitted(content: bytes) -> bytes:
    """Return a copy that takes no more memory than its bytes: orjson leaves up to eight times as much."""
    return b"%b" % content  # the quickest way to a copy


class Entry:
    """An event or an update that waits.

    Attributes:
        event_id: Its event.
        content: Its JSON.
        update: Whether it changes an event that exists.
        resumes: Whether it resumes a session; see `payload/resumption.py`.
        since: When it was accepted, on the monotonic clock, in seconds.
        number: Its place in the order of acceptance.
        alone: Whether it must not be merged with another one.
        position: Its position in the spool; -1 if it is in memory only.
        backlog: What it was read from, if another process left it.
    """

    __slots__ = (
        "alone",
        "backlog",
        "content",
        "event_id",
        "number",
        "position",
        "resumes",
        "since",
        "update",
    )

    def __init__(self, event_id: str, content: bytes, *, update: bool = False, resumes: bool = False) -> None:
        self.event_id = event_id
        self.content = content
        self.update = update
        self.resumes = resumes
        self.alone = False
        self.number = 0
        self.since = monotonic()
        self.position = -1
        self.backlog: Backlog | None = None


Loss = tuple[str, str]
"""The id of an event that is lost, and why."""
