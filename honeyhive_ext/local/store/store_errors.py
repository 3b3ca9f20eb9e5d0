"""What the store raises."""

from __future__ import annotations


class StoreClosedError(Exception):
    """The store was closed before it was asked, or while it worked."""

    def __init__(self) -> None:
        super().__init__("the local server is closed")


class EventExistsError(Exception):
    """An event with this id is stored already, and the caller asked for no second one.

    Args:
        event_id: The id.
    """

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"event_id {event_id} is stored already")


class RepeatedIdError(Exception):
    """An event_id occurs again: the transaction has to start again and look for each id first."""
