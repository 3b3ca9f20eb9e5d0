"""`trace`: spans without a client in hand. It makes one when it first needs it."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, overload

from attrs import evolve

from honeyhive_ext.background.stats import FlushReport
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.config.unpicklable import Uncopied
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.serialize.encoders import kind_of, type_name
from honeyhive_ext.tracing import Recording, Reduce, Span, SpanOptions, current_span, session_fields
from honeyhive_ext.tracing.decorate import decorate

if TYPE_CHECKING:
    from honeyhive_client.typed_dicts import CreateEventRequestInput

F = TypeVar("F", bound=Callable[..., Any])

_NOTHING = FlushReport(delivered=0, lost=0, waiting=0, seconds=0.0)
_OFF = EventSettings(sample_rate=0.0)


class Trace(Uncopied):
    """Decorate functions and record spans and sessions without a client in hand.

    The first call that records something makes a `HoneyHive` from the environment; an import makes nothing.
    Without a key, one warning says so, and nothing is recorded: functions run as if they were not decorated.

    >>> from honeyhive_ext import trace
    >>> @trace
    ... def plan(question):
    ...     return search(question)
    >>> @trace("look up", event_type="tool")
    ... def search(question):
    ...     trace.current().set(metadata={"index": "docs"})
    ...     return ["docs/tracing.md"]
    >>> with trace.session("chat", inputs={"question": "How do I begin?"}):
    ...     plan("How do I begin?")
    ['docs/tracing.md']
    >>> trace.flush().success
    True
    """

    __module__ = "honeyhive_ext"

    def __init__(self) -> None:
        # One entry: the client, or None where there is no key. Of two threads, one keeps its own.
        self._made: dict[str, HoneyHive | None] = {}

    @overload
    def __call__(self, name: F, /) -> F: ...
    @overload
    def __call__(
        self,
        name: str | None = None,
        /,
        *,
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Callable[[F], F]: ...
    def __call__(
        self,
        name: Any = None,
        /,
        *,
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Any:
        """Decorate a function of any kind, as `HoneyHive.span` does: `@trace`, or `@trace("name", ...)`.

        Args:
            name: The `event_name`. Default: the function's name.
            capture_inputs, capture_outputs, reduce, **fields: As for `HoneyHive.span`.

        Raises:
            EventError: A field is not known or has a value that the API does not take.
            ConfigError: An option is malformed, or it decorates what is not a function.
        """
        options = SpanOptions(capture_inputs=capture_inputs, capture_outputs=capture_outputs, reduce=reduce)
        if name is None or isinstance(name, str):
            return Traced(self, name, cast("dict[str, Any]", fields), options)
        kind: Any = kind_of(name)
        if not callable(name) and not hasattr(kind, "__get__"):
            raise ConfigError(f'the name is a {type_name(name)}, not a str: write @trace or @trace("name")')
        return Traced(self, None, cast("dict[str, Any]", fields), options)(name)

    def span(
        self,
        name: str | None = None,
        /,
        *,
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Span:
        """Make a span for a `with` statement, in async functions too; see `HoneyHive.span`."""
        options = SpanOptions(capture_inputs=capture_inputs, capture_outputs=capture_outputs, reduce=reduce)
        return self.made(name, fields, options)

    def session(
        self, name: str | None = None, /, *, resume: bool = False, **fields: Unpack[CreateEventRequestInput]
    ) -> Span:
        """Make a session for a `with` statement, in async functions too; see `HoneyHive.session`."""
        return self.made(name, session_fields(fields, resume=resume), SpanOptions(resume=resume))

    def current(self) -> Recording:
        """Return the innermost span around the running code, or one that records nothing.

        >>> from honeyhive_ext import trace
        >>> with trace.span("search"):
        ...     trace.current().set(metadata={"hits": 3})
        """
        found = current_span()
        if found is not None:
            return found
        before = CURRENT.get()
        span = _nowhere(None, {}, SpanOptions())
        span.begin()
        CURRENT.set(before)
        return span

    def flush(self, timeout: float = 30.0) -> FlushReport:
        """Send what waits; see `HoneyHive.flush`."""
        client = self._made.get("client")
        return _NOTHING if client is None else client.flush(timeout)

    def use(self, client: HoneyHive | None) -> None:
        """Record with this client from now on.

        Args:
            client: A `HoneyHive`; None to make one from the environment at the next use.

        Raises:
            ConfigError: It is no `HoneyHive`.
        """
        if client is not None and not isinstance(client, HoneyHive):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(
                f"trace.use() takes a HoneyHive, not a {type_name(client)}: it works in async code too"
            )
        self._made = {} if client is None else {"client": client}

    @contextmanager
    def replaced(self) -> Generator[None]:
        """Forget the client for the time of a `with` statement, and close at its end what was made inside."""
        before, self._made = self._made, {}
        try:
            yield
        finally:
            inside, self._made = self._made, before
            if (client := inside.get("client")) is not None:
                client.close()

    @property
    def client(self) -> HoneyHive | None:
        """The client that records, or None without a key. The first use reads the environment."""
        made = self._made
        if "client" in made:
            return made["client"]
        try:
            client = made.setdefault("client", HoneyHive())
        except ConfigError as error:
            mine = made.setdefault("client", None) is None and made.setdefault("warned", None) is None
            if mine:
                logging.getLogger("honeyhive_ext.tracing").warning("nothing is recorded: %s", error)
            client = made["client"]
        return client

    def made(self, name: str | None, fields: Mapping[str, Any], options: SpanOptions) -> Span:
        """Return a span of the client, or one that records nothing."""
        client = self.client
        if client is None:
            return _nowhere(name, fields, options)
        if options.resume:
            return client.session(name, resume=True, **cast(Any, fields))
        make: Any = client.span
        span: Span = make(
            name,
            capture_inputs=options.capture_inputs,
            capture_outputs=options.capture_outputs,
            reduce=options.reduce,
            **fields,
        )
        return span


trace = Trace()


class Traced(Uncopied):
    """What `@trace(...)` decorates with. It finds its client at the first call."""

    def __init__(
        self, owner: Trace, name: str | None, fields: Mapping[str, Any], options: SpanOptions
    ) -> None:
        _nowhere(name, fields, options)  # what is wrong is an error at the line of the decorator
        self._owner = owner
        self._made_of = (name, dict(fields), options)
        self._span: tuple[HoneyHive, Span] | None = None
        self.options = options.checked()

    def __reduce__(self) -> tuple[Any, ...]:
        return _traced, self._made_of

    def __call__(self, function: Any) -> Any:
        """Decorate a function."""
        made = decorate(self, function, only_async=False)
        return _or_plain(self, function, made) if type(function) is FunctionType else made

    @property
    def off(self) -> bool:
        """Whether nothing is recorded."""
        return self._owner.client is None

    def fresh(self, default_name: str | None = None) -> Span:
        """Return the span of one call."""
        client = self._owner.client
        if client is None:
            name, fields, options = self._made_of
            off = evolve(options, capture_inputs=False, capture_outputs=False)
            return _nowhere(name or default_name, fields, off)
        span = self._span
        if span is None or span[0] is not client:
            span = self._span = client, self._owner.made(*self._made_of)
        return span[1].fresh(default_name)


def _traced(name: str | None, fields: Mapping[str, Any], options: SpanOptions) -> Traced:
    return Traced(trace, name, fields, options)


def _nowhere(name: str | None, fields: Mapping[str, Any], options: SpanOptions) -> Span:
    """Return a span that has ids and records nothing."""
    return Span(_drop, _OFF, name, fields, options)


def _drop(**_: Any) -> None:
    """Take the event of a span that is not recorded."""


def _or_plain(traced: Traced, function: Any, made: Any) -> Any:
    """Return a function of the same kind that calls the plain one while nothing is recorded."""
    if inspect.isasyncgenfunction(function):
        return made
    if inspect.iscoroutinefunction(function):

        async def call_coroutine(*args: Any, **kwargs: Any) -> Any:
            return await (function if traced.off else made)(*args, **kwargs)

        return functools.wraps(made)(call_coroutine)
    if inspect.isgeneratorfunction(function):

        def call_generator(*args: Any, **kwargs: Any) -> Any:
            steps: Any = (function if traced.off else made)(*args, **kwargs)
            return (yield from steps)  # pyright: ignore[reportUnknownVariableType]

        return functools.wraps(made)(call_generator)

    def call(*args: Any, **kwargs: Any) -> Any:
        return (function if traced.off else made)(*args, **kwargs)

    return functools.wraps(made)(call)
