"""`HoneyHive`: the client for code that waits for its answers."""

from __future__ import annotations

import honeyhive_ext.config.fork_imports  # noqa: F401  # pyright: ignore[reportUnusedImport]
from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY, MAX_ANSWER_BYTES

# The rest is imported when a client is made, so that a program that only names the class starts fast.
from honeyhive_ext.config.unpicklable import Unpicklable

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self, Unpack

    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.background.background_options import Background
    from honeyhive_ext.background.stats import BackgroundStats, FlushReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.config.secrets import Secret
    from honeyhive_ext.config.settings import OnUnserializable, Redact
    from honeyhive_ext.http.libraries import HTTPClient, RequestTransport
    from honeyhive_ext.observe.hooks import OnRequest, OnResponse, OnRetry
    from honeyhive_ext.tracing import OnSendError, Reduce, Span


class HoneyHive(Unpicklable):
    """A client of the HoneyHive events API, for code that waits for each answer.

    `hh.events` records, reads, searches and updates events, `hh.sessions` starts and reads sessions, and
    `hh.session()` and `hh.span()` record the code inside a `with` statement or a decorated function.

    A client may be shared between threads. It opens its connections at the first request, keeps them in one
    pool, and closes them at the end of its `with` statement or in `close()`. It cannot be pickled, since it
    holds the key: make a client in each process.

    Args:
        api_key: The project key (`hh_...`). Default: the environment variable HH_API_KEY.
        ingestion_api_key: A key that can only write, used for writes in place of the project key. Without
            a project key the client can only write. Default: HH_INGESTION_API_KEY.
        base_url: The URL of the API. Default: HH_API_URL, else https://api.dp1.us.honeyhive.ai.
        source: The `source` of events that name none. Default: HH_SOURCE, else "sdk-python".
        timeout: Seconds that one attempt may take, at most 3600. Default: HH_API_TIMEOUT, else 30.
        retry: False for one attempt, or a `RetryPolicy`. Default: the standard policy, `RetryPolicy()`.
        max_concurrency: Requests of one batch in flight, at most, 1 to 64. Default 4.
        max_answer_bytes: Bytes that the decoded body of one answer may have. A larger one is a
            `ResponseError`. Default 256,000,000. The body of an error may have 1,000,000.
        on_unserializable: What happens to a value that JSON cannot hold: "raise" an `EventError` with its
            path (default), or send "null" or its "repr" (at most 1,000 characters).
        redact: A function that gets each event as a dict, before it is serialised, and returns the dict to
            send. Default: none. See docs/sending.md.
        on_request: A function that gets a `RequestInfo` before each attempt.
        on_response: A function that gets a `ResponseInfo` after each attempt.
        on_retry: A function that gets a `RetryInfo` before each wait. If one of the three raises, its error
            is logged and the call continues.
        background: Whether spans and sessions hand their events to a thread that sends them, so that the
            traced code does not wait (True, the default), or each waits for its own request (False). A
            `Background` has the bounds and options. See docs/background.md.
        http_client: Your own `httpx.Client` or `httpx2.Client`, with its proxies, limits and headers. You
            close it.
        transport: A `BaseTransport` of httpx or httpx2, which the client closes.

    Attributes:
        events: The operations on events, see `Events`.
        sessions: The operations on sessions, see `Sessions`.

    Raises:
        ConfigError: A setting is missing or malformed; the message names it and what to write.

    >>> HoneyHive(api_key="hh_123", base_url="http://127.0.0.1:8080")
    HoneyHive(base_url='http://127.0.0.1:8080')
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        ingestion_api_key: str | Secret | None = None,
        base_url: str | None = None,
        source: str | None = None,
        timeout: float | None = None,
        retry: RetryPolicy | bool | None = None,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        on_unserializable: OnUnserializable = "raise",
        redact: Redact | None = None,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
        background: Background | bool = True,
        http_client: HTTPClient | None = None,
        transport: RequestTransport | None = None,
    ) -> None:
        import weakref
        from functools import partial

        from honeyhive_ext.client.deferring import DeferringSender
        from honeyhive_ext.client.events import Events
        from honeyhive_ext.client.later import Later, connected
        from honeyhive_ext.client.recording import Spans
        from honeyhive_ext.client.sessions import Sessions
        from honeyhive_ext.config.secrets import secret
        from honeyhive_ext.config.settings import build_settings
        from honeyhive_ext.observe.hooks import Observer

        # From here on no frame holds a bare key: a traceback with local variables cannot show one.
        api_key, ingestion_api_key = secret(api_key), secret(ingestion_api_key)
        settings = build_settings(
            api_key=api_key,
            ingestion_api_key=ingestion_api_key,
            base_url=base_url,
            source=source,
            timeout=timeout,
            retry=retry,
            max_concurrency=max_concurrency,
            max_answer_bytes=max_answer_bytes,
            on_unserializable=on_unserializable,
            redact=redact,
        )
        self._sender = DeferringSender(
            settings,
            http_client=http_client,
            transport=transport,
            observer=Observer(on_request, on_response, on_retry),
        )
        self.events = Events(self._sender)
        self.sessions = Sessions(self._sender)
        connect = partial(connected, self._sender)
        given = http_client is not None or transport is not None
        self._later = Later(background, settings, self.events.observed_limit, connect, given_transport=given)
        self._spans = Spans(self._sender, self.events.create, self._later)
        self.events.later = self._sender.later = self._later
        weakref.finalize(self, self._later.abandon).atexit = False

    def session(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        resume: bool = False,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Span:
        """Make a session, for `with` or as a decorator: events that are created inside belong to it.

        When it ends, its own event, of type session, is created with its outputs, duration and error. It is
        the root of a trace: it has no parent, even inside another session or span.

        Args:
            name: The `event_name`. Default for a decorator: the function's name.
            on_error, capture_inputs, capture_outputs, reduce, retry, timeout: As for `span`.
            resume: Whether the session may exist, such as that of a chat of many requests. It keeps its first
                inputs and its start, and lasts until this turn ends. Needs `session_id`. Default False.
            **fields: The fields of CreateEventRequest in the API document, except another `event_type`.

        Raises:
            EventError: A field is not known or has a value that the API does not take.
            ConfigError: An option is malformed, or the decorator has no parentheses.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh, hh.session("support chat") as session:
        ...     step = hh.events.create("tool", event_name="search")
        ...     session.outputs = {"resolved": True}
        """
        from honeyhive_ext.tracing import SpanOptions, session_fields

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            reduce=reduce,
            retry=retry,
            timeout=timeout,
            resume=resume,
        )
        return self._spans.made(name, session_fields(fields, resume=resume), options)

    def span(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Span:
        """Make a span, for `with` or as a decorator: events that are created inside have it as their parent.

        When it ends, its event is queued, with inputs, outputs, duration and error. A decorator
        records every call of a function, coroutine function, generator function or async generator function,
        and the work of a coroutine or generator that a function returns. See docs/sending.md.

        Args:
            name: The `event_name`. Default for a decorator: the function's name.
            on_error: What happens if the event cannot be sent: "log" logs it (default). "raise" makes the
                span wait for its own request, and raises if the code inside succeeded. If that raised, its
                own exception continues, with a note.
            capture_inputs: Arguments of a decorated function that become `inputs`: True for all (default),
                False for none, or the names of some parameters or keywords.
            capture_outputs: Whether the value that a decorated function returns or yields becomes `outputs`.
                What is captured of one event is cut to 100,000 values and 900,000 bytes of JSON.
                Default True.
            reduce: A function that gets the list of what a decorated generator yielded, and returns its
                outputs, such as `"".join`. It may raise: then the items are recorded. Default: none.
            retry: False for one attempt, True for the standard policy, or a policy. Default: the client's. It
                applies only if the span waits: with `on_error="raise"`, or `background=False` of the client.
            timeout: Seconds for one attempt of such a span, at most 3600. Default: the client's.
            **fields: The fields of CreateEventRequest in the API document. Default `event_type`: "chain".

        Raises:
            EventError: A field is not known or has a value that the API does not take.
            ConfigError: An option is malformed, the decorator has no parentheses, or what it decorates is
                not a function: a class, a property. The message says what to write instead.

        >>> from honeyhive_ext import HoneyHive
        >>> hh = HoneyHive()
        >>> @hh.span(event_type="tool")
        ... def search(query):
        ...     return ["docs/sending.md"]
        >>> with hh.span("answer", inputs={"question": "How do I send events?"}) as span:
        ...     span.outputs = {"read": search("sending")}
        >>> hh.close().success
        True
        """
        from honeyhive_ext.tracing import SpanOptions

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            reduce=reduce,
            retry=retry,
            timeout=timeout,
        )
        return self._spans.made(name, fields, options)

    def flush(self, timeout: float = 30.0) -> FlushReport:
        """Send the queued events, and wait until each is delivered or lost.

        Args:
            timeout: Seconds to wait, at most 3600. Default 30.

        Returns:
            What was delivered and lost meanwhile, and what still waits.

        Raises:
            ConfigError: `timeout` is malformed.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     event_id = hh.events.enqueue("tool", event_name="search")
        ...     hh.flush().success
        True
        """
        return self._later.flush(timeout)

    def stats(self) -> BackgroundStats:
        """Return the counts of what became of the queued events of this client.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     event_id = hh.events.enqueue("tool")
        ...     hh.stats().accepted
        1
        """
        return self._later.stats()

    def close(self, timeout: float = 5.0) -> FlushReport:
        """Send the queued events, and close the connections. The client cannot be used afterwards.

        Args:
            timeout: Seconds that the sending may take, at most 3600. Events that are left then stay in the
                spool. Without a spool they are lost, and count as dropped. Default 5.

        Returns:
            What was delivered and lost meanwhile.

        Raises:
            ConfigError: `timeout` is malformed.
        """
        return self._later.close(timeout, self._sender.close_within)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        sender = getattr(self, "_sender", None)  # a traceback may show a client whose __init__ raised
        return f"{type(self).__name__}(base_url={sender and sender.settings.base_url!r})"
