"""What a caller chooses for a batch is checked once, before anything is sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest
from honeyhive_client.models import SessionProperties

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.batch.options import MOST_CONCURRENCY, build_options
from honeyhive_ext.config.retry_policy import NO_RETRY, RetryPolicy
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.errors import ConfigError

SESSION = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
SETTINGS = Settings(
    base_url="https://api.example",
    api_key=secret("hh_1"),
    max_concurrency=3,
    retry=RetryPolicy(attempts=2),
)


def test_without_options_those_of_the_client_and_the_defaults_are_used() -> None:
    observed = ObservedSizeLimit()
    options = build_options(SETTINGS, observed)
    assert (options.limits.max_events, options.limits.max_bytes) == (MAX_EVENTS, MAX_BYTES)
    assert options.limits.observed is observed
    assert (options.concurrency, options.on_error, options.timeout) == (3, "raise", None)
    assert options.policy is SETTINGS.retry
    assert (options.session_id, options.opening, options.by_path) == (None, None, False)


def test_options_of_the_batch_go_before_those_of_the_client() -> None:
    options = build_options(
        SETTINGS,
        ObservedSizeLimit(),
        max_events=1,
        max_bytes=1,
        max_concurrency=1,
        on_error="collect",
        retry=False,
        timeout=2.5,
    )
    assert (options.limits.max_events, options.limits.max_bytes) == (1, 1)
    assert (options.concurrency, options.on_error, options.timeout) == (1, "collect", 2.5)
    assert options.policy is NO_RETRY
    assert build_options(SETTINGS, ObservedSizeLimit(), max_concurrency=MOST_CONCURRENCY).concurrency == 64


def test_the_session_of_the_path_is_the_given_one_and_is_not_created() -> None:
    options = build_options(SETTINGS, ObservedSizeLimit(), session_id=UUID(SESSION), single_session=True)
    assert (options.session_id, options.opening, options.by_path) == (SESSION, None, True)


@pytest.mark.parametrize(
    "properties", [{"session_name": "nightly"}, SessionProperties(session_name="nightly")]
)
def test_a_single_session_is_created_with_its_properties_by_a_separate_call(properties: Any) -> None:
    options = build_options(SETTINGS, ObservedSizeLimit(), single_session=True, session_properties=properties)
    assert options.opening is not None
    assert options.opening.operation == "createSession"
    sent = orjson.loads(options.opening.request["content"])
    assert (sent["session_id"], sent["session_name"]) == (options.session_id, "nightly")
    assert not options.by_path
    unnamed = build_options(SETTINGS, ObservedSizeLimit(), single_session=True)
    assert unnamed.opening is not None
    assert unnamed.session_id != options.session_id


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"max_events": 0}, "max_events is 0: give a whole number, 1 or more"),
        ({"max_events": 1.5}, "max_events is 1.5: give a whole number, 1 or more"),
        ({"max_bytes": True}, "max_bytes is True: give a whole number, 1 or more"),
        ({"max_concurrency": 0}, "max_concurrency is 0: give a whole number, 1 to 64"),
        ({"max_concurrency": 65}, "max_concurrency is 65: give a whole number, 1 to 64"),
        ({"on_error": "ignore"}, 'on_error is \'ignore\': write "raise" or "collect"'),
        (
            {"session_properties": {"session_name": "x"}},
            "session_properties need single_session=True: set it, or leave session_properties out",
        ),
    ],
)
def test_a_wrong_option_is_refused_with_what_to_give(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build_options(SETTINGS, ObservedSizeLimit(), **given)
    assert str(refused.value) == says
