"""The address of the API: checked and normalised once, so that nothing decides by the text that was given."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from honeyhive_ext.config.checks import unquoted
from honeyhive_ext.config.hosts import address_of
from honeyhive_ext.config.scrub import NO_KEYS
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.errors import ConfigError

_HOST = re.compile(rb"[a-z0-9_.-]+|[0-9a-f:.]+(%25\w+)?")

DEFAULT_BASE_URL = "https://api.dp1.us.honeyhive.ai"


def normalised_base_url(given: str | None, env: Mapping[str, str] | Environment) -> str:
    """Return the base URL as every later decision reads it.

    Scheme and host are in lower case, the host is in ASCII, and an address is written as usual. A port that
    is the scheme's default is left out (RFC 3986, 6.2), and there is no slash at the end.

    Args:
        given: The argument `base_url`, or None for HH_API_URL.
        env: The environment variables.

    Raises:
        ConfigError: It is not an http:// or https:// URL, or it holds what the API does not take.

    >>> normalised_base_url("HTTPS://Api.Example.COM:443/hive/", {})
    'https://api.example.com/hive'
    >>> normalised_base_url("http://0x7f.1:8080", {})
    'http://127.0.0.1:8080'
    """
    if given is not None and not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigError(
            f"base_url is a str, not {type(given).__name__}: give a URL such as {DEFAULT_BASE_URL}"
        )
    name, text = ("base_url", given) if given else ("HH_API_URL", env.get("HH_API_URL", ""))
    text = unquoted(text)
    if not text:
        return DEFAULT_BASE_URL
    scheme, mark, rest = text.partition("://")
    if "@" in (rest or text).lstrip("/").partition("/")[0]:
        raise ConfigError(f"{name} holds a user name or password: remove it, the API takes its key alone")
    try:
        # httpx leaves a default port out only if the scheme is in lower case.
        url = httpx.URL(scheme.lower() + mark + rest)
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigError(f"{name} is not a URL: give one such as {DEFAULT_BASE_URL}") from error
    if not 0 <= (url.port or 0) < 65_536:
        raise ConfigError(f"{name} is not a URL: its port is no number from 1 to 65535")
    known = url.scheme in ("http", "https") and url.port != 0
    if not known or not _HOST.fullmatch(url.raw_host) or any(char.isspace() for char in text):
        raise ConfigError(f"{name} is {NO_KEYS.text(text)!r}: give a URL such as {DEFAULT_BASE_URL}")
    if "?" in text or "#" in text:
        raise ConfigError(f"{name} is {text!r}: leave out what follows the path (? and #)")
    address = None if "%" in url.host else address_of(url.host)
    if address is not None:
        url = url.copy_with(host=str(address))
    base = str(url).rstrip("/")
    if base.endswith("/v1"):
        raise ConfigError(f"{name} is {text!r}: leave out /v1, every operation brings its own")
    return base
