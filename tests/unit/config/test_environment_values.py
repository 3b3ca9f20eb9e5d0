"""Settings as env files, shells and CI services leave them: stripped, or refused when the client is made."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import ConfigError
from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.checks import unquoted
from honeyhive_ext.config.settings import Settings, build_settings

AROUND = ["{}", " {} ", "{}\r\n", '"{}"', "'{}'", ' "{}"\n', "\t{}"]


def build(environ: dict[str, str], **arguments: Any) -> Settings:
    return build_settings(environ={"HH_API_KEY": "hh_123", **environ}, **arguments)


@pytest.mark.parametrize("around", AROUND)
def test_quotes_blanks_and_line_ends_around_a_variable_are_no_part_of_it(around: str) -> None:
    environ = {
        "HH_API_KEY": around.format("hh_123"),
        "HH_INGESTION_API_KEY": around.format("hh_ingst_1"),
        "HH_API_URL": around.format("https://api.example.com"),
        "HH_SOURCE": around.format("prod"),
        "HH_API_TIMEOUT": around.format("7.5"),
    }
    settings = build_settings(environ=environ)
    assert settings.key(write=False).reveal() == "hh_123"
    assert settings.key(write=True).reveal() == "hh_ingst_1"
    assert (settings.base_url, settings.timeout) == ("https://api.example.com", 7.5)
    assert settings.events.source == "prod"


@pytest.mark.parametrize("name", ["HH_SOURCE", "HH_API_URL", "HH_API_TIMEOUT", "HH_INGESTION_API_KEY"])
@pytest.mark.parametrize("blank", ["", "  ", "\n", '""', "' '"])
def test_a_blank_variable_is_not_set(name: str, blank: str) -> None:
    settings, default = build({name: blank}), build({})
    assert (settings.base_url, settings.timeout, settings.events) == (
        default.base_url,
        default.timeout,
        default.events,
    )
    assert settings.ingestion_api_key is None


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"source": 5}, "source"),
        ({"source": b"x"}, "source"),
        ({"source": ["a"]}, "source"),
        ({"source": "two\nlines"}, "source"),
        ({"base_url": 5}, "base_url"),
        ({"base_url": b"https://a.example"}, "base_url"),
        ({"timeout": "30"}, "timeout"),
    ],
)
def test_an_argument_that_cannot_be_one_is_refused_when_the_client_is_made(
    arguments: dict[str, Any], name: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is "):
        build({}, **arguments)


@pytest.mark.parametrize("key", ['hh_"123', "hh_'123", "hh 123", "hh_1\n23", "hh_12\u201c3"])
def test_a_key_with_a_character_that_no_key_has_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="HH_API_KEY") as refused:
        build({"HH_API_KEY": key})
    assert key not in str(refused.value)


def test_a_source_of_several_lines_in_the_environment_is_refused_with_its_name() -> None:
    with pytest.raises(ConfigError, match="HH_SOURCE"):
        build({"HH_SOURCE": "prod\nHH_OTHER=1"})


@given(st.text(), st.sampled_from(AROUND))
def test_nothing_but_what_is_around_a_value_is_taken_away(text: str, around: str) -> None:
    bare = unquoted(text)
    assert bare in text
    assert bare == bare.strip()


@pytest.mark.parametrize(
    ("given", "normalised"),
    [
        ("HTTPS://API.Example.COM", "https://api.example.com"),
        ("https://api.example.com:443/", "https://api.example.com"),
        ("HTTP://api.example.com:80", "http://api.example.com"),
        ("http://[::1]:8080/hive//", "http://[::1]:8080/hive"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://b\u00fccher.example/\u00fc", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
    ],
)
def test_a_base_url_is_normalised_once(given: str, normalised: str) -> None:
    assert normalised_base_url(given, {}) == normalised_base_url(None, {"HH_API_URL": given}) == normalised
    assert normalised_base_url(normalised, {}) == normalised


@given(st.text(min_size=1, max_size=30))
def test_whatever_is_given_as_base_url_is_an_http_url_or_refused(text: str) -> None:
    for start in ("", "http://", "HTTPS://"):
        try:
            url = normalised_base_url(start + text, {})
        except ConfigError:
            continue
        assert url.startswith(("http://", "https://"))
        assert normalised_base_url(url, {}) == url


@pytest.mark.parametrize(
    "url", ["https://user:hunter2@a.example", "https://hunter2@a.example", "//u:hunter2@["]
)
def test_a_password_in_a_base_url_is_in_no_message(url: str) -> None:
    around = sys.exc_info()[1]  # what runs the tests may be handling an exception
    with pytest.raises(ConfigError) as refused:
        build({"HH_API_URL": url})
    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is around
