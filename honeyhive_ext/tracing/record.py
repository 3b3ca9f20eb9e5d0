"""What a block records: pure but for the clock and the ids. It sends nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Self, Unpack

from attrs import frozen
from honeyhive_client.request_fields import REQUEST_FIELDS
from honeyhive_client.typed_dicts import CreateEventRequestInput

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.settings import EventSettings, OnUnserializable
from honeyhive_ext.errors import APIStatusError, ConfigError, EventError
from honeyhive_ext.payload.events import EVENT, session_id_str
from honeyhive_ext.payload.ids import new_id
from honeyhive_ext.payload.scope import CURRENT, Scope, enter, leave
from honeyhive_ext.payload.times import tidy
from honeyhive_ext.serialize.encoders import type_name
from honeyhive_ext.serialize.to_builtins import to_builtins
from honeyhive_ext.tracing.capture import error_text

OnSendError = Literal["log", "raise"]

log = logging.getLogger("honeyhive_ext.tracing")

# As the service does with an update: facts are added to, what went in and came out is replaced.
MERGED = frozenset(
    name
    for name, field in REQUEST_FIELDS["CreateEventRequest"].items()
    if "object" in field.types and name not in ("inputs", "outputs")
)


@frozen(kw_only=True)
class SpanOptions:
    """How a block records and sends.

    Attributes:
        on_error: What happens when the event cannot be sent after a body that succeeded.
        capture_inputs: Whether, or which, arguments of a decorated function become `inputs`.
        capture_outputs: Whether what a decorated function returns or yields becomes `outputs`.
        retry: False for one attempt, or a `RetryPolicy`; None for the client's.
        timeout: Seconds for one attempt; None for the client's.
    """

    on_error: OnSendError = "log"
    capture_inputs: bool | Collection[str] = True
    capture_outputs: bool = True
    retry: RetryPolicy | bool | None = None
    timeout: float | None = None

    def checked(self) -> Self:
        """These options, or ConfigError for one that would only be noticed when something fails."""
        if self.on_error not in ("log", "raise"):
            raise ConfigError(f'on_error is {self.on_error!r}: write "log" or "raise"')
        if isinstance(self.capture_inputs, str):
            raise ConfigError(f"capture_inputs is a str: write [{self.capture_inputs!r}]")
        return self


def session_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a session's own event."""
    if fields.get("event_type", "session") != "session":
        raise EventError("a session's own event has the type session: use span()", path="event_type")
    return {**fields, "event_type": "session"}


class Recording:
    """One run of a block: its ids, its times, and what the code inside adds to it.

    Attributes:
        event_type: The type of its event.
        options: How it records and sends.
    """

    def __init__(
        self,
        create: Callable[..., Any],
        settings: EventSettings,
        name: str | None,
        fields: Mapping[str, Any],
        options: SpanOptions,
    ) -> None:
        if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(
                f"the name is a {type_name(name)}, not a str: as a decorator write @hh.span() or "
                '@hh.span("name"), with parentheses'
            )
        self.options = options.checked()
        self.mode: OnUnserializable = (
            "repr" if settings.on_unserializable == "raise" else settings.on_unserializable
        )
        self._create = create
        self._settings = settings
        self._name = name
        self._given = dict(fields)
        self._fields = self._checked(fields)
        if name is not None:
            self._fields["event_name"] = name
        self.event_type: str = self._fields.setdefault("event_type", "chain")
        self._scope: Scope | None = None
        self._ended = False
        self._started_ms = self._started = 0.0

    def fresh(self, default_name: str | None = None) -> Self:
        """A recording of its own, with what this one was made with. A decorator makes one for each call."""
        name = self._name
        if name is None and "event_name" not in self._given:
            name = default_name
        return type(self)(self._create, self._settings, name, self._given, self.options)

    @property
    def event_id(self) -> str:
        """The id of the block's event; events inside have it as parent_id."""
        return self._entered().event_id

    @property
    def session_id(self) -> str:
        """The trace that the block and everything inside belong to."""
        return self._entered().session_id

    def has(self, field: str) -> bool:
        """Whether a field of the block's event is set already."""
        return field in self._fields

    def keep(self, field: str, value: Any) -> None:
        """Set a field to a value that is a plain copy already."""
        self._fields[field] = value

    @property
    def outputs(self) -> dict[str, Any] | None:
        """What the block gave back. What is not a dict is recorded as `{"value": ...}`."""
        return self._fields.get("outputs")

    @outputs.setter
    def outputs(self, value: Any) -> None:
        self.set(outputs=value)

    def set(self, **fields: Unpack[CreateEventRequestInput]) -> None:
        """Add to the block's event, which is sent when the block ends.

        Values are copied now. `metadata`, `metrics`, `feedback`, `config` and `user_properties` are merged
        into what is set already; every other field is replaced.

        Args:
            **fields: The fields of CreateEventRequest, but for the ids and `event_type`.

        Raises:
            EventError: A field that is not known or cannot be set, or the block has ended.
        """
        if self._ended:
            raise EventError("the block has ended and its event is sent: use events.update")
        for name in ("event_id", "session_id", "parent_id", "event_type"):
            if name in fields:
                raise EventError("cannot be changed inside the block: give it to the block", path=name)
        for name, value in self._checked(fields).items():
            if name in MERGED:
                self._fields[name] = {**self._fields.get(name, {}), **value}
            else:
                self._fields[name] = value

    def _checked(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A wrong name or time is an error here, where it is written; a copy, as values may change later."""
        copied: dict[str, Any] = to_builtins(EVENT.convert(fields, self.mode), self.mode)
        return copied

    def _entered(self) -> Scope:
        if self._scope is None:
            raise EventError("the block has no ids before it is entered")
        return self._scope

    def begin(self) -> None:
        """Decide the ids, start the clock and become the scope of what follows in this context."""
        if self._scope is not None:
            raise EventError("this block has been entered before: make one for each use, as hh.span(...)")
        outer = CURRENT.get()
        given = self._fields
        event_id, session_id = given.get("event_id"), given.get("session_id")
        if self.event_type == "session":  # a session's event has the session's id, and is a root
            session_id = event_id = session_id_str(session_id or event_id or new_id())
        elif session_id is None:
            session_id = outer.session_id if outer is not None else new_id()
        inside = outer is not None and outer.session_id == session_id and self.event_type != "session"
        if outer is not None and inside:
            given.setdefault("parent_id", outer.event_id)
        given["event_id"], given["session_id"] = event_id or new_id(), session_id
        self._scope = Scope(session_id, given["event_id"], outer, span=self)
        self._started_ms = time.time_ns() / 1e6
        self._started = time.perf_counter()
        enter(self._scope)

    def end(self, error: BaseException | None) -> dict[str, Any]:
        """Stop the clock, leave the scope, and give the fields of the event to create."""
        elapsed = (time.perf_counter() - self._started) * 1e3  # no wall clock: that one may be set meanwhile
        leave(self._entered())
        self._ended = True
        fields = self._fields
        if error is not None and not isinstance(error, GeneratorExit) and fields.get("error") is None:
            fields["error"] = error_text(error)
        if "end_time" not in fields and "duration" not in fields:
            if "start_time" in fields:
                fields["end_time"] = tidy(self._started_ms + elapsed)
            else:
                fields["duration"] = tidy(elapsed)
        if not ("start_time" in fields or ("end_time" in fields and "duration" in fields)):
            fields["start_time"] = tidy(self._started_ms)
        return fields

    def sending(self, error: BaseException | None) -> dict[str, Any]:
        """The arguments of `create` besides the event. Whoever interrupts does not wait for retries."""
        retry = self.options.retry
        if error is not None and not isinstance(error, (Exception, GeneratorExit)):
            retry = False
        return {"retry": retry, "timeout": self.options.timeout}

    def not_sent(self, failure: BaseException, error: BaseException | None) -> None:
        """Say that the event was not sent, without hiding what the application itself raises."""
        what = type_name(failure)
        if isinstance(failure, APIStatusError):
            what += f" {failure.status}"
        elif isinstance(failure, EventError):
            what += f" at {failure.path}" if failure.path else ""
        log.error("the event %s (%s) of a block was not sent: %s", self.event_id, self.event_type, what)
        if not isinstance(failure, Exception):
            raise failure  # an interrupt or a cancellation while sending is for the application
        if error is not None:
            error.add_note(f"honeyhive_ext: the event {self.event_id} of the block was not sent: {what}")
        elif self.options.on_error == "raise":
            raise failure


def current_span() -> Recording | None:
    """The innermost block that is open around the running code, or None.

    A decorated function adds to its own event with `current_span().set(metadata=...)`.

    >>> current_span() is None
    True
    """
    scope = CURRENT.get()
    return None if scope is None else scope.span


current_span.__module__ = "honeyhive_ext"
