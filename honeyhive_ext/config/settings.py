"""Settings of a client: arguments and environment variables become one frozen object, once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.checks import seconds, unquoted, whole_number
from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY, MAX_ANSWER_BYTES
from honeyhive_ext.config.destination import destination_of
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy, retry_policy
from honeyhive_ext.config.sampling import sample_rate
from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.config.secrets import DATA_PLANE, Environment, Secret, checked_key, secret
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import ConfigError

DEFAULT_TIMEOUT = 30.0  # seconds of one attempt
DEFAULT_SOURCE = "sdk-python"
MAX_CONCURRENCY = 64
INGESTION_PREFIX = "hh_ingst_"

OnUnserializable = Literal["raise", "null", "repr"]
Redact = Callable[[dict[str, Any]], Mapping[str, Any]]


@never_raising
@attrs.frozen(kw_only=True)
class EventSettings:
    """Settings of how input becomes a wire event.

    Attributes:
        source: The `source` of events that have none.
        on_unserializable: What happens to a value that JSON cannot hold. "raise": an error that names its
            path. "null": it becomes null. "repr": it becomes its repr.
        redact: A function that gets every event as a dict, before it is serialised, and returns the dict to
            send; or None.
        destination: What stands for the service and the project that events go to; see `destination_of`.
            An event takes session and parent only from a span with the same one.
        scrub: Takes the keys out of errors about events.
        sample_rate: The part of all traces that is recorded, 0 to 1; see `sampling`.
    """

    source: str = DEFAULT_SOURCE
    on_unserializable: OnUnserializable = "raise"
    redact: Redact | None = None
    destination: str = attrs.field(default="", repr=False)
    sample_rate: float = 1.0
    scrub: Scrub = attrs.field(default=NO_KEYS, repr=False, eq=False)


@never_raising
@attrs.frozen(kw_only=True)
class Settings(Unpicklable):
    """All settings of a client, checked and complete.

    Attributes:
        base_url: The URL of the API, without a slash at the end.
        api_key: The project key; None for a client that only writes, with an ingestion key.
        ingestion_api_key: The key for writes; None to use the project key for them too.
        timeout: Seconds that one attempt may take.
        retry: How often and for how long a call is tried.
        max_concurrency: Requests of one batch that are in flight at a time.
        max_answer_bytes: Bytes that the decoded body of one answer may have.
        events: How input becomes a wire event.
        scrub: Takes both keys, and what is added later, out of texts.
    """

    base_url: str
    api_key: Secret | None
    ingestion_api_key: Secret | None = None
    timeout: float = DEFAULT_TIMEOUT
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    max_concurrency: int = DEFAULT_CONCURRENCY
    max_answer_bytes: int = MAX_ANSWER_BYTES
    events: EventSettings = attrs.field(factory=EventSettings)
    scrub: Scrub = attrs.field(default=NO_KEYS, repr=False, eq=False)

    def key(self, *, write: bool) -> Secret:
        """Return the key for one operation: the ingestion key for a write, if there is one.

        Raises:
            ConfigError: The operation reads, and there is only an ingestion key.
        """
        chosen = (self.ingestion_api_key or self.api_key) if write else self.api_key
        if chosen is None:
            raise ConfigError(
                "this operation reads, and an ingestion key can only write: "
                "pass api_key= or set HH_API_KEY to a project key"
            )
        return chosen


def build_settings(
    *,
    api_key: Secret | None = None,
    ingestion_api_key: Secret | None = None,
    base_url: str | None = None,
    source: str | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | bool | None = None,
    max_concurrency: int = DEFAULT_CONCURRENCY,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    on_unserializable: OnUnserializable = "raise",
    redact: Redact | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of a client: arguments come first, then the environment, then the defaults.

    Args:
        api_key: The project key, or `HH_API_KEY`.
        ingestion_api_key: The key for writes, or `HH_INGESTION_API_KEY`.
        base_url: The URL of the API, or `HH_API_URL`.
        source: The `source` of events that have none, or `HH_SOURCE`.
        timeout: Seconds that one attempt may take, up to 3600, or `HH_API_TIMEOUT`. Default 30.
        retry: See `retry_policy`.
        max_concurrency: Requests of one batch that are in flight at a time, 1 to 64.
        max_answer_bytes: Bytes that the decoded body of one answer may have, at least 1. Default 256,000,000.
        on_unserializable: See `EventSettings`.
        redact: See `EventSettings`.
        environ: The environment variables; None for those of the process.

    Raises:
        ConfigError: A key is missing, or a setting is malformed or contradicts another. The message
            names what to set.
    """
    env = Environment(os.environ if environ is None else environ)
    project = checked_key(api_key or secret(env.get("HH_API_KEY")), "api_key", "HH_API_KEY")
    ingestion = checked_key(
        ingestion_api_key or secret(env.get("HH_INGESTION_API_KEY")),
        "ingestion_api_key",
        "HH_INGESTION_API_KEY",
    )
    write_key = ingestion or project
    if write_key is None:
        hint = f"; HH_DATA_PLANE_API_KEY holds {DATA_PLANE}" if env.get("HH_DATA_PLANE_API_KEY") else ""
        raise ConfigError(f"no API key: pass api_key= or set HH_API_KEY to your project key (hh_...){hint}")
    if project is not None and project.reveal().startswith(INGESTION_PREFIX):
        raise ConfigError(
            f"api_key is an ingestion key ({INGESTION_PREFIX}...), which cannot read: pass it as "
            "ingestion_api_key= or in HH_INGESTION_API_KEY, and a project key as api_key= to read as well"
        )
    url = normalised_base_url(base_url, env)
    scrub = Scrub(project, ingestion)
    return Settings(
        base_url=url,
        api_key=project,
        ingestion_api_key=ingestion,
        timeout=_timeout(timeout, env),
        retry=retry_policy(retry, RetryPolicy()),
        max_concurrency=whole_number(max_concurrency, "max_concurrency", 1, MAX_CONCURRENCY),
        max_answer_bytes=whole_number(max_answer_bytes, "max_answer_bytes", 1),
        events=_event_settings(
            _source(source, env),
            on_unserializable,
            redact,
            destination_of(url, write_key),
            scrub,
            sample_rate(env),
        ),
        scrub=scrub,
    )


def _timeout(given: float | None, env: Environment) -> float:
    if given is not None:
        return seconds(given, "timeout")
    text = unquoted(env.get("HH_API_TIMEOUT", ""))
    if not text:
        return DEFAULT_TIMEOUT
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"HH_API_TIMEOUT is {text!r}: give seconds above 0, such as 30") from None
    return seconds(value, "HH_API_TIMEOUT")


def _source(given: str | None, env: Environment) -> str:
    if given is not None and not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigError(f"source is a {type(given).__name__}: give a str, such as {DEFAULT_SOURCE!r}")
    name, text = ("source", given.strip()) if given else ("HH_SOURCE", unquoted(env.get("HH_SOURCE", "")))
    if not text.isprintable():
        raise ConfigError(f"{name} is {text!r}: leave out line breaks and other invisible characters")
    return text or DEFAULT_SOURCE


def _event_settings(
    source: str,
    on_unserializable: OnUnserializable,
    redact: Redact | None,
    destination: str,
    scrub: Scrub,
    rate: float,
) -> EventSettings:
    if on_unserializable not in ("raise", "null", "repr"):
        raise ConfigError(f'on_unserializable is {on_unserializable!r}: write "raise", "null" or "repr"')
    if redact is not None and not callable(redact):
        raise ConfigError(
            "redact is not callable: give a function that takes an event's dict and returns a dict"
        )
    return EventSettings(
        sample_rate=rate,
        source=source,
        on_unserializable=on_unserializable,
        redact=redact,
        destination=destination,
        scrub=scrub,
    )
