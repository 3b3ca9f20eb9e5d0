"""Settings are checked once, at construction, and never show a key."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.config.base_url import DEFAULT_BASE_URL
from honeyhive_ext.config.retry_policy import NO_RETRY, RetryPolicy
from honeyhive_ext.config.secrets import Secret, secret
from honeyhive_ext.config.settings import Settings, build_settings
from honeyhive_ext.errors import ConfigError, HoneyHiveError, PickleRefusedError

CANARY = "hh_canary_7f3a9"


def build(environ: dict[str, str] | None = None, **arguments: Any) -> Settings:
    arguments.setdefault("api_key", secret(CANARY))
    return build_settings(environ=environ or {}, **arguments)


def test_arguments_win_over_the_environment_and_the_environment_over_the_defaults() -> None:
    environ = {
        "HH_API_KEY": "hh_env",
        "HH_INGESTION_API_KEY": "hh_ingst_env",
        "HH_API_URL": "https://env.example/",
        "HH_API_TIMEOUT": "7.5",
        "HH_SOURCE": "from-env",
    }
    from_env = build_settings(environ=environ)
    assert from_env == Settings(
        base_url="https://env.example",
        api_key=Secret("hh_env"),
        ingestion_api_key=Secret("hh_ingst_env"),
        timeout=7.5,
        events=from_env.events,
    )
    assert from_env.events.source == "from-env"
    given = build_settings(
        environ=environ, api_key=secret(CANARY), base_url="http://localhost:1", source="mine", timeout=1
    )
    assert (given.api_key, given.base_url, given.timeout) == (Secret(CANARY), "http://localhost:1", 1.0)
    assert given.events.source == "mine"
    default = build()
    assert (default.base_url, default.timeout, default.events.source) == (
        DEFAULT_BASE_URL,
        30.0,
        "sdk-python",
    )
    assert default.retry == RetryPolicy()


def test_blank_environment_variables_count_as_not_set() -> None:
    blank = {"HH_API_URL": " ", "HH_API_TIMEOUT": "", "HH_SOURCE": "", "HH_INGESTION_API_KEY": "  "}
    assert build(blank) == build()


def test_a_missing_key_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="HH_API_KEY"):
        build_settings(environ={"HH_API_KEY": " "})


def test_a_key_pasted_with_a_line_break_is_trimmed() -> None:
    assert build(api_key=secret(f" {CANARY}\n")).api_key == Secret(CANARY)


@pytest.mark.parametrize("bad", ["hh_a b", "hh_é", "hh_a\r\nX-Evil: 1", "hh_\x00"])
def test_a_key_that_cannot_be_a_header_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(ConfigError, match="api_key") as caught:
        build(api_key=secret(bad))
    assert bad not in str(caught.value)


def test_an_ingestion_key_in_the_place_of_the_project_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="ingestion_api_key="):
        build(api_key=secret("hh_ingst_1"))


def test_writes_use_the_ingestion_key_and_reads_the_project_key() -> None:
    both = build(ingestion_api_key=secret("hh_ingst_1"))
    assert both.key(write=True) == Secret("hh_ingst_1")
    assert both.key(write=False) == Secret(CANARY)
    assert build().key(write=True) == Secret(CANARY)
    only_writes = build_settings(environ={}, ingestion_api_key=secret("hh_ingst_1"))
    assert only_writes.key(write=True) == Secret("hh_ingst_1")
    with pytest.raises(ConfigError, match="project key"):
        only_writes.key(write=False)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("api.example.com", "give a URL"),
        ("ftp://api.example.com", "give a URL"),
        ("https://", "give a URL"),
        ("https://api.example.com:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://user:pass@api.example.com", "user name"),
        ("https://api.example.com?x=1", "leave out"),
        ("https://api.example.com#top", "leave out"),
        ("https://api.example.com/v1/", "leave out /v1"),
    ],
)
def test_a_base_url_that_cannot_work_is_refused_with_the_fix(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        build(base_url=url)
    assert "pass" not in str(caught.value).replace("password", "")
    with pytest.raises(ConfigError, match="HH_API_URL"):
        build({"HH_API_URL": url})


def test_a_path_before_the_api_is_kept() -> None:
    assert (
        build(base_url="https://gateway.example/honeyhive/").base_url == "https://gateway.example/honeyhive"
    )


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), 30_000, True, "30", None])
def test_a_timeout_is_finite_and_in_seconds(bad: Any) -> None:
    if bad is not None:
        with pytest.raises(ConfigError, match="timeout"):
            build(timeout=bad)
    with pytest.raises(ConfigError, match="HH_API_TIMEOUT"):
        build(
            {"HH_API_TIMEOUT": "soon" if bad is None else str(bad)}
            if bad != "30"
            else {"HH_API_TIMEOUT": "-30"}
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry", 3),
        ("retry", "yes"),
        ("max_concurrency", 0),
        ("max_concurrency", 65),
        ("max_concurrency", True),
        ("on_unserializable", "drop"),
        ("redact", "email"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        build(**{name: value})


def test_an_api_key_that_is_not_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="int"):
        build(api_key=secret(12345))  # type: ignore[arg-type]


def test_retry_takes_a_policy_or_a_switch() -> None:
    assert build(retry=False).retry == build(retry=0).retry == NO_RETRY
    assert build(retry=True).retry == build(retry=None).retry == RetryPolicy()
    assert build(retry=RetryPolicy(attempts=2)).retry.attempts == 2


def test_settings_and_secrets_show_no_key_and_refuse_pickle() -> None:
    settings = build(ingestion_api_key=secret("hh_ingst_canary"))
    for thing in (settings, settings.api_key, [settings], {"k": settings.api_key}):
        for text in (repr(thing), str(thing), f"{thing}", format(thing)):
            assert "canary" not in text
    for thing in (settings, settings.api_key):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(PickleRefusedError, match="each process") as caught:
                pickle.dumps(thing, protocol)
            assert isinstance(caught.value, HoneyHiveError)
            assert isinstance(caught.value, TypeError)
    assert copy.copy(settings.api_key) is copy.deepcopy(settings.api_key) is settings.api_key


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        build().timeout = 1.0  # type: ignore[misc]


PLANE = "hh_fgdp_0123456789abcdef"


@pytest.mark.parametrize("kind", [HoneyHive, AsyncHoneyHive])
@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        ({"api_key": PLANE}, {}, "api_key (HH_API_KEY) is a data plane key"),
        ({}, {"HH_API_KEY": f' "{PLANE}"\n'}, "api_key (HH_API_KEY) is a data plane key"),
        (
            {"api_key": "hh_1", "ingestion_api_key": PLANE},
            {},
            "ingestion_api_key (HH_INGESTION_API_KEY) is a",
        ),
        (
            {"api_key": "hh_1"},
            {"HH_INGESTION_API_KEY": PLANE},
            "ingestion_api_key (HH_INGESTION_API_KEY) is a",
        ),
        ({}, {"HH_DATA_PLANE_API_KEY": PLANE}, "HH_DATA_PLANE_API_KEY holds a data plane key"),
    ],
)
def test_a_data_plane_key_is_refused_with_the_reason_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[HoneyHive | AsyncHoneyHive],
    arguments: dict[str, str],
    environ: dict[str, str],
    named: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        kind(**arguments)  # type: ignore[arg-type]
    assert named in str(caught.value)
    assert "below /v1/projects/{project_id}/" in str(caught.value)
    assert PLANE[8:] not in str(caught.value)
