"""The options of a batch, checked once, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen
from honeyhive_client.models import SessionProperties

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit, RequestLimits
from honeyhive_ext.config.checks import whole_number
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy, retry_policy
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http import operations as calls
from honeyhive_ext.http.exchange import Call
from honeyhive_ext.payload.events import session_id_str

Properties = Mapping[str, Any] | SessionProperties
OnError = Literal["raise", "collect"]

MOST_CONCURRENCY = 64


@never_raising
@frozen(kw_only=True)
class BatchOptions:
    """The options of one batch, checked.

    Attributes:
        limits: How much one request may hold.
        concurrency: Requests in flight at a time, at most.
        on_error: Whether missing events are raised or only reported.
        policy: How each request is retried.
        timeout: Seconds for one attempt; None for the client's.
        session_id: The session of every event, whatever the event says; None if each event has its own.
        opening: The call that creates this session, or None if there is nothing to create.
        by_path: Whether the session is in the request's path (createSessionEventBatch).
    """

    limits: RequestLimits
    concurrency: int
    on_error: OnError
    policy: RetryPolicy
    timeout: float | None
    session_id: str | None = None
    opening: Call | None = None
    by_path: bool = False


def build_options(
    settings: Settings,
    observed: ObservedSizeLimit,
    *,
    single_session: bool = False,
    session_properties: Properties | None = None,
    session_id: object = None,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
    max_concurrency: int | None = None,
    on_error: OnError = "raise",
    retry: RetryPolicy | bool | None = None,
    timeout: float | None = None,
) -> BatchOptions:
    """Check the options of a batch, and choose the session's id, once for the whole batch.

    Args:
        settings: The client's settings.
        observed: The size that the service accepts, as the client knows it so far.
        session_id: The session that createSessionEventBatch adds to.
        single_session, session_properties: As for `create_batch`, and so are all others.

    Raises:
        ConfigError: An option has a wrong value, or two options contradict each other.
        EventError: The session's id or properties are wrong.
    """
    concurrency = settings.max_concurrency if max_concurrency is None else max_concurrency
    max_events = whole_number(max_events, "max_events", 1)
    max_bytes = whole_number(max_bytes, "max_bytes", 1)
    concurrency = whole_number(concurrency, "max_concurrency", 1, MOST_CONCURRENCY)
    if on_error not in ("raise", "collect"):
        raise ConfigError(f'on_error is {on_error!r}: write "raise" or "collect"')
    opening: Call | None = None
    chosen: str | None = None
    if session_id is not None:
        chosen = session_id_str(session_id)
    elif single_session:
        given = session_properties or {}
        fields = given.to_dict() if isinstance(given, SessionProperties) else given
        chosen, opening = calls.session_creation(fields, settings)
    elif session_properties is not None:
        raise ConfigError(
            "session_properties need single_session=True: set it, or leave session_properties out"
        )
    return BatchOptions(
        limits=RequestLimits(max_events, max_bytes, observed),
        concurrency=concurrency,
        on_error=on_error,
        policy=retry_policy(retry, settings.retry),
        timeout=timeout,
        session_id=chosen,
        opening=opening,
        by_path=session_id is not None,
    )
