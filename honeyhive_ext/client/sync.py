"""`HoneyHive`: the client for code that waits for its answers."""

from __future__ import annotations

from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY

# The rest is imported when a client is made: a program that only names the class pays 1 ms, not 100.
from honeyhive_ext.config.unpicklable import Unpicklable

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would cost 3 ms
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self, Unpack

    import httpx
    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.config.secrets import Secret
    from honeyhive_ext.config.settings import OnUnserializable, Redact
    from honeyhive_ext.observe.hooks import OnRequest, OnResponse, OnRetry
    from honeyhive_ext.tracing import OnSendError, Span


class HoneyHive(Unpicklable):
    """A client of the HoneyHive events API.

    Keeps one pool of connections, opened at first use; may be shared between threads; closes at the
    end of its `with` block. It cannot be pickled, since it holds the key: make one in each process.

    Args:
        api_key: The project key (`hh_...`). Default: HH_API_KEY.
        ingestion_api_key: A key that can only write, used instead of the project key for writes.
            Alone it makes a client that can only write. Default: HH_INGESTION_API_KEY.
        base_url: Where the API is. Default: HH_API_URL, else https://api.dp1.us.honeyhive.ai.
        source: The `source` of events that name none. Default: HH_SOURCE, else "sdk-python".
        timeout: Seconds that one attempt may take, at most 3600. Default: HH_API_TIMEOUT, else 30.
        retry: A `RetryPolicy`, True (or None) for the standard one, False for one attempt.
        max_concurrency: Requests of one batch in flight at a time, 1 to 64. Default 4.
        on_unserializable: What becomes of a value that JSON cannot hold: an error that names its path
            ("raise", the default), null ("null") or its repr ("repr").
        redact: A function that sees every event as a dict before it is serialised, and returns what to send.
        on_request: Called with a `RequestInfo` before each attempt.
        on_response: Called with a `ResponseInfo` after each attempt.
        on_retry: Called with a `RetryInfo` before each wait. A hook that raises is logged; the call goes on.
        http_client: An `httpx.Client` of your own, with its proxies, limits and headers. It stays open.
        transport: An `httpx.BaseTransport` below the client's own `httpx.Client`, closed with it.

    Raises:
        ConfigError: A setting is missing or malformed; the message says which and what to write.

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
        on_unserializable: OnUnserializable = "raise",
        redact: Redact | None = None,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        from honeyhive_ext.client.events import Events
        from honeyhive_ext.client.sessions import Sessions
        from honeyhive_ext.config.secrets import secret
        from honeyhive_ext.config.settings import build_settings
        from honeyhive_ext.http.sender import Sender
        from honeyhive_ext.observe.hooks import Observer

        # From here on no frame holds a bare key, so a traceback with local variables shows none.
        api_key, ingestion_api_key = secret(api_key), secret(ingestion_api_key)
        settings = build_settings(
            api_key=api_key,
            ingestion_api_key=ingestion_api_key,
            base_url=base_url,
            source=source,
            timeout=timeout,
            retry=retry,
            max_concurrency=max_concurrency,
            on_unserializable=on_unserializable,
            redact=redact,
        )
        self._sender = Sender(
            settings,
            http_client=http_client,
            transport=transport,
            observer=Observer(on_request, on_response, on_retry),
        )
        self.events = Events(self._sender)
        self.sessions = Sessions(self._sender)

    def session(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Span:
        """A block, or decorator, that is one session: what is created inside belongs to it.

        Its own event, of type session, is created when the block ends, with outputs, duration and error.
        The arguments are those of `span`. A session is a root: it has no parent, even inside another block.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh, hh.session("support chat") as session:
        ...     step = hh.events.create("tool", event_name="search")
        ...     session.outputs = {"resolved": True}
        """
        from honeyhive_ext.tracing import Span, SpanOptions, session_fields

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            retry=retry,
            timeout=timeout,
        )
        return Span(self.events.create, self._sender.settings.events, name, session_fields(fields), options)

    def span(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> Span:
        """A block, or decorator, that is one step: what is created inside has it as its parent.

        Its own event is created when the block ends, with inputs, outputs, duration and error. A
        decorator records every call of a function, a coroutine function, a generator function or an
        async generator function.

        Args:
            name: The `event_name`. A decorator takes the function's name if it is left out.
            on_error: What happens if the event cannot be sent after code that succeeded: "log" it under
                `honeyhive_ext.tracing`, or "raise" it. After code that raised, its own exception goes on,
                with a note.
            capture_inputs: Whether, or which, arguments of a decorated function become `inputs`.
            capture_outputs: Whether what a decorated function returns or yields becomes `outputs`.
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of CreateEventRequest. `event_type` left out is "chain".

        Raises:
            EventError: A field is not known or not what the API takes.
            ConfigError: The decorator is used without parentheses.

        >>> from honeyhive_ext import HoneyHive
        >>> hh = HoneyHive()
        >>> @hh.span(event_type="tool")
        ... def search(query):
        ...     return ["docs/sending.md"]
        >>> with hh.span("answer", inputs={"question": "How do I send events?"}) as span:
        ...     span.outputs = {"read": search("sending")}
        >>> hh.close()
        """
        from honeyhive_ext.tracing import Span, SpanOptions

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            retry=retry,
            timeout=timeout,
        )
        return Span(self.events.create, self._sender.settings.events, name, fields, options)

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        sender = getattr(self, "_sender", None)  # a traceback may show a client that was never finished
        return f"{type(self).__name__}(base_url={sender and sender.settings.base_url!r})"
