# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from typing import Final, Literal

EventType = Literal["chain", "model", "session", "tool"]

EVENT_TYPE_VALUES: Final[frozenset[EventType]] = frozenset(
    {
        "chain",
        "model",
        "session",
        "tool",
    }
)


def check_event_type(value: str) -> EventType:
    """Return the value if the document names it.

    Raises:
        TypeError: It is not.
    """
    if value in EVENT_TYPE_VALUES:
        return value
    raise TypeError(f"{value!r} is not one of {sorted(EVENT_TYPE_VALUES)}")
