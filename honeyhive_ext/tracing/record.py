"""What a span records. It reads the clock and draws ids, and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns, time_ns
from typing import Any, Self

from honeyhive_ext.config.sampling import sampled
from honeyhive_ext.config.settings import EventSettings, OnUnserializable
from honeyhive_ext.errors import APIConnectionError, ConfigError, EventError, PickleRefusedError
from honeyhive_ext.payload.events import session_id_str
from honeyhive_ext.payload.ids import new_id
from honeyhive_ext.payload.scope import BETWEEN, CURRENT, Scope, enter, innermost, leave
from honeyhive_ext.serialize.encoders import type_name
from honeyhive_ext.tracing.capture import Arguments, Yielded
from honeyhive_ext.tracing.ending import INTERRUPTED, finished, within_limits
from honeyhive_ext.tracing.open_spans import Failures, claim, is_of_the_parent, opened
from honeyhive_ext.tracing.outcome import is_the_applications, log_not_sent, quietly
from honeyhive_ext.tracing.span_fields import MERGED, SpanFields, fill
from honeyhive_ext.tracing.span_options import SpanOptions


class Recording(SpanFields):
    """One span or session while it runs: its ids, its times, and the fields that the code inside adds.

    It knows no client: it is given a function that sends its event.

    Args:
        create: Sends an event. It gets the event's fields, `retry` and `timeout`, as `events.create` does.
        settings: How input becomes an event.
        name: The `event_name`, or None.
        fields: The other fields of the event.
        options: How the span records and sends.
        elsewhere: Makes a span like this one where a decorated function is unpickled; see `__reduce_ex__`.
        later: Takes the fields of the event to send it later, so that the traced code does not wait; or None.

    Attributes:
        event_type: The type of its event.
        mode: What happens to values that JSON cannot hold. Captured values are never refused.
        options: How it records and sends.
        yielded: The items of a decorated generator.

    Raises:
        EventError: A field is not known or not what the API takes.
        ConfigError: The name is not a str, or an option is malformed.
    """

    _scope: Scope | None = None  # None until it begins
    _recorded = True

    def __init__(
        self,
        create: Callable[..., Any],
        settings: EventSettings,
        name: str | None,
        fields: Mapping[str, Any],
        options: SpanOptions,
        elsewhere: Callable[..., Any] | None = None,
        later: Callable[[dict[str, Any]], None] | None = None,
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
        self._elsewhere = elsewhere
        self._later = later
        self._name = name
        self._given = dict(fields)
        self._fields = self._checked(fields)
        if name is not None:
            self._fields["event_name"] = name
        self.event_type: str = self._fields.setdefault("event_type", "chain")
        self._unnamed = name is None and "event_name" not in self._given
        self._waits = later is None or options.on_error == "raise"
        self._ended = False
        self.yielded: Yielded | None = None
        self._started_at = self._started = self._suspended = self._elapsed = 0

    def fresh(self, default_name: str | None = None) -> Self:
        """Return a new recording with the same arguments. A decorator makes one for each call."""
        name = default_name if self._unnamed else self._name
        if self._scope is not None:  # it was used itself: its fields are those of that use
            return type(self)(
                self._create, self._settings, name, self._given, self.options, self._elsewhere, self._later
            )
        made = object.__new__(type(self))
        made.__dict__ = self.__dict__.copy()
        # What is checked once is not checked at each call. Only these objects themselves are changed later.
        made._fields = fields = self._fields.copy()
        for field, value in fields.items():
            if type(value) is dict:
                fields[field] = value.copy()  # pyright: ignore[reportUnknownMemberType]
        made._name = name
        if name is not None:
            fields["event_name"] = name
        return made

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Return what a decorated function takes along: how the span records, and nothing of the client."""
        if self._elsewhere is None or self._scope is not None:
            raise PickleRefusedError(
                "a span cannot be pickled: it belongs to the client that sends its event. Pickle a function "
                "that it decorates, or give its session_id to hh.span(..., session_id=...) in the other "
                "process"
            )
        fields = {name: self._fields[name] for name in self._given if name in self._fields}
        settings = self._settings
        made_as = (settings.source, settings.on_unserializable, settings.redact)
        return self._elsewhere, (self._name, fields, self.options, *made_as)

    @property
    def event_id(self) -> str:
        """The id of the span's event; events inside have it as `parent_id`."""
        return self._entered().event_id

    @property
    def session_id(self) -> str:
        """The session that the span and everything inside it belong to."""
        return self._entered().session_id

    @property
    def off(self) -> bool:
        """Whether no event is recorded, whatever its session."""
        return self._settings.sample_rate <= 0

    @property
    def recorded(self) -> bool:
        """Whether its event is recorded; see `sampling`."""
        return self._recorded

    def _entered(self) -> Scope:
        if self._scope is None:
            raise EventError("the span has no ids before it begins: enter it with a `with` statement first")
        return self._scope

    def begin_call(self, arguments: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Begin, with the arguments of a call as the inputs, unless they are given."""
        if "inputs" not in self._fields and not self.off:
            inputs = arguments.of(args, kwargs, self.mode)
            if inputs is not None:
                self._fields["inputs"] = inputs
        self.begin()

    def begin(self) -> None:
        """Decide the ids, start the clock, and become the scope of this context."""
        if self._scope is not None:
            raise EventError("this span has been used before: make one for each use, as hh.span(...)")
        destination, rate = self._settings.destination, self._settings.sample_rate
        outer = CURRENT.get()
        around = innermost(destination) if outer is not None or BETWEEN else None
        given = self._fields
        event_id, session_id = given.get("event_id"), given.get("session_id")
        if self.event_type == "session":  # a session's event has the session's id and no parent
            session_id = event_id = session_id_str(session_id or event_id or new_id())
        elif session_id is None:
            session_id = around.session_id if around is not None else new_id()
        inside = around is not None and around.session_id == session_id and self.event_type != "session"
        if around is not None and inside:
            given.setdefault("parent_id", around.event_id)
        given["event_id"], given["session_id"] = event_id or new_id(), session_id
        self._recorded = rate >= 1 or sampled(session_id, rate)
        self._scope = scope = Scope(session_id, given["event_id"], outer, self, destination)
        self._start_clock()
        opened(self)
        enter(scope)

    def _start_clock(self) -> None:
        self._started_at = time_ns() // 1_000 * 1_000
        self._started = perf_counter_ns()

    def suspend(self) -> None:
        """Leave the scope without an end: the function has returned something that is still to run."""
        CURRENT.set(self._entered().outer)
        self._suspended = perf_counter_ns()

    def resume(self) -> None:
        """Enter the scope again, and start the clock: what the function returned takes its first step."""
        self._start_clock()
        enter(self._entered())

    def unused(self) -> None:
        """Leave the time since `suspend` out of the duration: what the function returned never ran."""
        self._started += perf_counter_ns() - self._suspended

    def leave(self) -> None:
        """Stop the clock and leave the scope, once."""
        if not self._ended:
            self._elapsed = perf_counter_ns() - self._started
            leave(self._entered() if self._scope is None else self._scope)
            self._ended = True

    def end(self, error: BaseException | None) -> dict[str, Any] | None:
        """Leave, and return the fields of the event to create.

        Returns:
            None if the event is not to be sent from here: it was sent already when the program ended, or it
            is that of a generator of the process that this one was forked from.
        """
        self.leave()
        if error is not None and isinstance(error, GeneratorExit) and is_of_the_parent(self):
            return None
        if not claim(self) or not self._recorded:
            return None
        fields = finished(self._fields, self._started_at, self._elapsed, error)
        return within_limits(fields) if self._waits else fields

    @property
    def waits(self) -> bool:
        """Whether the end of the span waits until its event is sent."""
        return self._waits

    def handed_over(self, fields: dict[str, Any]) -> bool:
        """Hand the event over to be sent later. Return False if the end of the span must send it itself."""
        if self._later is None or self._waits:
            return False
        self._later(fields)
        return True

    def unfinished(self) -> dict[str, Any]:
        """Return the fields of the event as they are now."""
        fields = {name: {**value} if name in MERGED else value for name, value in self._fields.items()}
        if self.yielded is not None:
            fill(fields, self.yielded.fields())
        elapsed = perf_counter_ns() - self._started
        return within_limits(finished(fields, self._started_at, elapsed, None))

    def send_unfinished(self, failures: Failures, why: str | None = INTERRUPTED) -> None:
        """Send the event as it is now; see `open_spans`. For the code inside, the span continues."""
        try:
            if not self._recorded:
                return
            fields = self.unfinished()
            if why is not None:
                fields.setdefault("error", why)
            if self.handed_over(fields):
                return
            if self._create in failures:
                log_not_sent(self.event_id, self.event_type, failures[self._create])
            else:
                self.send_last(fields)
        except BaseException as failure:
            log_not_sent(self.event_id, self.event_type, failure)
            if is_the_applications(failure):
                raise
            if isinstance(failure, APIConnectionError):
                failures[self._create] = failure

    def send_last(self, fields: dict[str, Any]) -> None:
        """Send an event outside of any event loop, with one attempt."""
        raise NotImplementedError

    def dropped(self) -> None:
        """Send the event of a span that nothing can end any more, or say why not."""
        raise NotImplementedError

    def __del__(self) -> None:
        # It has begun, and what would end it is gone: an async generator, after its loop was closed.
        if self._scope is not None and not self._ended and not is_of_the_parent(self):
            if not claim(self) or not self._recorded:
                return
            self.dropped()

    def sending(self, error: BaseException | None) -> dict[str, Any]:
        """Return the arguments of `create` besides the fields. After an interrupt there are no retries."""
        retry = self.options.retry
        if error is not None and not isinstance(error, (Exception, GeneratorExit)):
            retry = False
        return {"retry": retry, "timeout": self.options.timeout}

    def not_sent(self, failure: BaseException, error: BaseException | None) -> None:
        """Report that the event was not sent, without hiding an exception of the application.

        Raises:
            BaseException: The failure, if it is the application's own, or if `on_error="raise"` asks for it.
        """
        why = log_not_sent(self.event_id, self.event_type, failure)
        if is_the_applications(failure):
            raise failure
        if error is not None:
            # An exception may be frozen, or have a method of its own.
            with quietly:
                error.add_note(f"honeyhive_ext: the event {self.event_id} of the span was not sent: {why}")
        elif self.options.on_error == "raise":
            raise failure
