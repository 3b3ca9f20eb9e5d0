"""What a caller chooses for a batch, checked once and before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen
from honeyhive_client.models import SessionProperties

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit, RequestLimits
from honeyhive_ext.config.retry_policy import RetryPolicy, retry_policy
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http import operations as calls
from honeyhive_ext.http.exchange import Call
from honeyhive_ext.payload.events import session_id_str

Properties = Mapping[str, Any] | SessionProperties
OnError = Literal["raise", "collect"]

MOST_CONCURRENCY = 64


@frozen(kw_only=True)
class BatchOptions:
    """What a caller chose for one batch, checked.

    Attributes:
        session_id: The session that every event goes to, whatever it says itself; None for each its own.
        opening: The call that makes this session, or None where it exists or is the path's.
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
    """Check what the caller gave; the session's id is decided here, once for the whole batch.

    Raises:
        ConfigError: An option is malformed, or two contradict each other.
        EventError: The session's id or properties are.
    """
    concurrency = settings.max_concurrency if max_concurrency is None else max_concurrency
    _whole("max_events", max_events, None)
    _whole("max_bytes", max_bytes, None)
    _whole("max_concurrency", concurrency, MOST_CONCURRENCY)
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
            "session_properties make the session of single_session=True: set it, or leave them out"
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


def _whole(name: str, value: object, most: int | None) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < 1
        or (most is not None and value > most)
    ):
        raise ConfigError(
            f"{name} is {value!r}: give a whole number, {f'1 to {most}' if most else '1 or more'}"
        )
