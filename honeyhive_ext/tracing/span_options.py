"""What a span or session is made with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Self

from attrs import frozen

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import ConfigError, EventError
from honeyhive_ext.payload.resumption import check_resumption

OnSendError = Literal["log", "raise"]
Reduce = Callable[[list[Any]], Any]


@never_raising
@frozen(kw_only=True)
class SpanOptions:
    """How a span records and sends its event.

    Attributes:
        on_error: What happens if the event cannot be sent: "log", or "raise", for which the span waits.
        capture_inputs: Arguments of a decorated function that become `inputs`: True for all, False for none,
            or the names of some.
        capture_outputs: Whether the value that a decorated function returns or yields becomes `outputs`.
            What is captured of one event is cut to 100,000 values and 900,000 bytes of JSON.
        resume: Whether a session adds to the one that has its id, and does not replace it.
        reduce: A function from the list of the items that a decorated generator yielded to its outputs; None
            to record the items.
        retry: False for one attempt, or a `RetryPolicy`; None for the client's. For spans that wait.
        timeout: Seconds for one attempt; None for the client's. For spans that wait.
    """

    on_error: OnSendError = "log"
    capture_inputs: bool | Collection[str] = True
    capture_outputs: bool = True
    reduce: Reduce | None = None
    resume: bool = False
    retry: RetryPolicy | bool | None = None
    timeout: float | None = None

    def checked(self) -> Self:
        """Return these options; raise ConfigError for one that is malformed, before anything runs."""
        if self.on_error not in ("log", "raise"):
            raise ConfigError(f'on_error is {self.on_error!r}: write "log" or "raise"')
        if isinstance(self.capture_inputs, str):
            raise ConfigError(f"capture_inputs is a str: write a list, [{self.capture_inputs!r}]")
        if self.reduce is not None and not callable(self.reduce):
            raise ConfigError("reduce is not a function: give one that takes the list of the yielded items")
        if inspect.iscoroutinefunction(self.reduce) or inspect.isasyncgenfunction(self.reduce):
            raise ConfigError("reduce is async: give a plain function, which also async generators call")
        return self


def session_fields(fields: Mapping[str, Any], *, resume: bool = False) -> dict[str, Any]:
    """Return the fields of a session's own event.

    Args:
        fields: As they were given.
        resume: Whether the session may exist.

    Raises:
        EventError: They have another event_type, or cannot be given for a session that exists.
    """
    if resume:
        check_resumption(fields)
    if fields.get("event_type", "session") != "session":
        raise EventError(
            "a session's own event has the type session: use span() for others", path="event_type"
        )
    return {**fields, "event_type": "session"}
