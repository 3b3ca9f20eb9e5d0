"""Which proxy is used: what the environment says, and what NO_PROXY takes out of it."""

from __future__ import annotations

import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.proxies import is_bypassed, proxy_for
from tests.support.frames import is_ours

NAMES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("host", "port", "no_proxy"),
    [
        ("localhost", 80, "localhost"),
        ("localhost", 80, "LOCALHOST"),
        ("127.0.0.1", 80, "10.0.0.0/8, 127.0.0.0/8"),
        ("127.0.0.1", 8080, "127.0.0.1:8080"),
        ("::1", 80, "localhost,127.0.0.1,::1"),
        ("::1", 80, "[::1]"),
        ("::1", 81, "[::1]:81"),
        ("::1", 80, "0:0:0:0:0:0:0:1"),
        ("fe80::1", 80, "fe80::/10"),
        ("fe80::1%eth0", 80, "[fe80::1]"),
        ("::ffff:10.0.0.1", 80, "10.0.0.1"),
        ("api.example.com", 443, "example.com"),
        ("api.example.com", 443, ".example.com"),
        ("api.example.com", 443, "*.example.com"),
        ("api.example.com", 443, "http://x https://api.example.com:443"),
        ("anything.else", 1, "*"),
    ],
)
def test_no_proxy_lists_a_host(host: str, port: int, no_proxy: str) -> None:
    assert is_bypassed(host, port, no_proxy)


@pytest.mark.parametrize(
    ("host", "port", "no_proxy"),
    [
        ("api.example.com", 443, ""),
        ("api.example.com", 443, "example.com:80"),
        ("notexample.com", 443, "example.com"),
        ("::1", 80, "[::1]:81"),
        ("::1", 80, "127.0.0.1,fe80::/10"),
        ("127.0.0.1", 80, "::1, [fe80::1]:80, 1.2.3, 10.0.0.0/99, [, ]:, :, .,"),
        ("localhost", 80, "[::1"),
    ],
)
def test_no_proxy_does_not_list_a_host(host: str, port: int, no_proxy: str) -> None:
    assert not is_bypassed(host, port, no_proxy)


@given(st.text(), st.sampled_from(["localhost", "127.0.0.1", "::1", "a.example"]))
def test_no_text_in_no_proxy_is_an_error(no_proxy: str, host: str) -> None:
    assert is_bypassed(host, 80, no_proxy) in (True, False)


@pytest.mark.parametrize(
    ("env", "url", "found"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p.example:3128"}, "https://a.example", ("HTTPS_PROXY", "p.example")),
        ({"HTTPS_PROXY": "p.example:3128"}, "https://a.example", ("HTTPS_PROXY", "p.example")),
        ({"HTTPS_PROXY": "http://p.example"}, "http://a.example", None),
        ({"https_proxy": "http://p.example"}, "https://a.example", ("https_proxy", "p.example")),
        ({"ALL_PROXY": "http://p.example"}, "http://a.example", ("ALL_PROXY", "p.example")),
        ({"ALL_PROXY": "http://p.example", "NO_PROXY": "a.example"}, "http://a.example", None),
        ({"ALL_PROXY": "broken://", "NO_PROXY": "::1,127.0.0.1"}, "http://127.0.0.1:8080", None),
    ],
)
def test_the_variable_of_the_url_s_scheme_decides(
    env: dict[str, str], url: str, found: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    setting = proxy_for(url)
    assert found == (setting and (setting.variable, setting.proxy.url.host))


@pytest.mark.parametrize(
    "value",
    [
        "ftp://user:canary@p.example",
        "http://user:canary@[",
        "http://user:canary@p:99999999",
        "http://user:canary@p:port",
        "http://user:canary@p.example:80:80",
        "user:canary@",
        "http://user:canary@p\t.example",
        "http://user:c#anary@p.example/canary",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    around = sys.exc_info()[1]  # what runs the tests may be handling an exception
    with pytest.raises(ConfigError, match="HTTPS_PROXY is not the URL of a proxy") as refused:
        proxy_for("https://a.example")
    assert "canary" not in str(refused.value)
    assert refused.value.__context__ is around
    frames = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
    ours = [repr(frame.locals) for frame in frames if is_ours(frame.filename)]
    assert ours
    assert "canary" not in "".join(ours)
