"""`honeyhive-ext doctor`: which settings are used, whether they work, and what to do."""

from __future__ import annotations

import argparse
import os
import platform
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from typing import Any, NamedTuple

import httpx

from honeyhive_ext._version import __version__
from honeyhive_ext.cli.listing import Listing, TableColumn, cell
from honeyhive_ext.cli.output import show
from honeyhive_ext.cli.target import connected, is_local
from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.scrub import NO_KEYS
from honeyhive_ext.config.secrets import DATA_PLANE_PREFIX
from honeyhive_ext.config.settings import DEFAULT_SOURCE, DEFAULT_TIMEOUT, INGESTION_PREFIX, build_settings
from honeyhive_ext.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigError,
    HoneyHiveError,
    NotFoundError,
    PermissionDeniedError,
)
from honeyhive_ext.http.pool import certificates
from honeyhive_ext.http.proxies import proxy_for

PATIENCE = 10.0  # seconds for each step
SKEW = 5.0  # seconds that clocks may differ: `tail` and `--since` compare them
SOON = 14  # days before a certificate ends in which that is said
EXTRAS = ("rich", "shtab", "jsonschema_rs", "pyarrow", "tqdm", "aiohttp")
_VARIABLES = (
    "HH_SOURCE",
    "HH_SPOOL",
    "HH_DISABLE_TRACING",
    "HH_SAMPLE_RATE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_NAMES = ("check", "state", "detail", "do")
_COLUMNS = (
    TableColumn("check", style="bold"),
    TableColumn("state"),
    TableColumn("detail", 0),
    TableColumn("do", 0, style="yellow"),
)


class Check(NamedTuple):
    """One line of the diagnosis.

    Attributes:
        check: What is looked at.
        state: "ok", "warning", "failed", or "skipped" because an earlier check failed.
        detail: What was found, without keys.
        do: What to do; "" if there is nothing to do.
    """

    check: str
    state: str
    detail: str
    do: str = ""


def doctor(options: argparse.Namespace) -> int:
    """Print every check; return 1 if one failed."""
    failed: list[Check] = []

    def rows() -> Iterator[dict[str, str]]:
        for check in checks(options):
            if check.state == "failed":
                failed.append(check)
            yield {name: NO_KEYS.text(value) for name, value in zip(_NAMES, check, strict=True)}

    kinds: Mapping[str, Any] = dict.fromkeys(_NAMES, "string")
    show(Listing([*rows()], _COLUMNS, lambda row: [*map(cell, row.values())], kinds), options)
    return 1 if failed else 0


def checks(options: argparse.Namespace) -> Iterator[Check]:
    """Yield the checks, each made when it is asked for."""
    installed = [name for name in EXTRAS if find_spec(name) is not None]
    found = f"honeyhive-ext {__version__}, Python {platform.python_version()}"
    yield Check("versions", "ok", f"{found}, with {', '.join(installed) or 'no extras'}")
    yield from _keys(os.environ)
    yield from _variables(os.environ)
    try:
        base = normalised_base_url(options.url, os.environ)
    except ConfigError as problem:
        yield Check("base URL", "failed", str(problem), "set HH_API_URL, or give --url")
        return
    yield Check("base URL", "ok", f"{base}, {_origin(options, os.environ)}")
    try:
        proxy = proxy_for(base)
    except ConfigError as problem:
        yield Check("proxy", "failed", str(problem), "correct the variable")
        return
    yield Check("proxy", "ok", "none" if proxy is None else f"the one of {proxy.variable}")
    url = httpx.URL(base)
    reached = True
    if proxy is None:
        for check in _network(url):
            reached = reached and check.state != "failed"
            yield check
    if reached:
        yield from _clock(base)
        yield from _round_trip(options)
    else:
        yield Check("key and round trip", "skipped", "the host is not reached")


def masked(key: str) -> str:
    """Return what may be said of a key: its kind and its length.

    >>> masked("hh_ingst_0123456789")
    'an ingestion key, hh_ingst_..., 19 characters'
    """
    for prefix, kind in ((INGESTION_PREFIX, "an ingestion key"), (DATA_PLANE_PREFIX, "a data plane key")):
        if key.startswith(prefix):
            return f"{kind}, {prefix}..., {len(key)} characters"
    if key.startswith("hh_"):
        return f"a project key, hh_..., {len(key)} characters"
    return f"a key of another form, {len(key)} characters"


def _keys(environ: Mapping[str, str]) -> Iterator[Check]:
    for name in ("HH_API_KEY", "HH_INGESTION_API_KEY"):
        text = environ.get(name, "").strip()
        if text:
            yield Check(name, "ok", f"{masked(text)}, from the environment")
        elif name == "HH_API_KEY":
            yield Check(name, "warning", "not set", "set it to your project key (hh_...)")


def _variables(environ: Mapping[str, str]) -> Iterator[Check]:
    timeout = environ.get("HH_API_TIMEOUT", "").strip()
    try:
        settings = build_settings(environ={"HH_API_KEY": "hh_doctor", "HH_API_TIMEOUT": timeout})
        origin = "from HH_API_TIMEOUT" if timeout else f"the default ({DEFAULT_TIMEOUT:g})"
        yield Check("timeout", "ok", f"{settings.timeout:g} s, {origin}")
    except ConfigError as problem:
        yield Check("timeout", "failed", str(problem), "correct HH_API_TIMEOUT")
    for name in _VARIABLES:
        if environ.get(name):
            yield Check(name, "ok", f"{environ[name]}, from the environment")
        elif name == "HH_SOURCE":
            yield Check(name, "ok", f"{DEFAULT_SOURCE}, the default")


def _origin(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    if options.url:
        return "from --url"
    return "from HH_API_URL" if environ.get("HH_API_URL", "").strip() else "the default"


def _network(url: httpx.URL) -> Iterator[Check]:
    """Yield what DNS, the connection and TLS say. A failure ends it."""
    port = url.port or (443 if url.scheme == "https" else 80)
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        yield Check("host name", "failed", f"{url.host}: {problem}", "check HH_API_URL and the network's DNS")
        return
    addresses = sorted({str(one[4][0]) for one in found})
    yield Check("host name", "ok", f"{', '.join(addresses)} in {_ms(began)}")
    began = time.monotonic()
    try:
        raw = socket.create_connection((url.host, port), timeout=PATIENCE)
    except OSError as problem:
        do = (
            "start the local server: honeyhive-ext serve"
            if is_local(str(url))
            else "check firewall and proxy"
        )
        yield Check("connection", "failed", f"port {port}: {problem}", do)
        return
    with raw:
        yield Check("connection", "ok", f"port {port} in {_ms(began)}")
        if url.scheme == "https":
            yield _tls(raw, url.host)


def _tls(raw: socket.socket, host: str) -> Check:
    try:
        context = certificates()
    except ConfigError as problem:
        return Check("TLS", "failed", str(problem), "check SSL_CERT_FILE and SSL_CERT_DIR")
    try:
        with context.wrap_socket(raw, server_hostname=host) as wrapped:
            shown: Any = wrapped.getpeercert() or {}
            version = wrapped.version()
    except (OSError, ValueError) as problem:
        return Check(
            "TLS", "failed", str(problem), "if a proxy of your network answers, name its CA in SSL_CERT_FILE"
        )
    ends = ssl.cert_time_to_seconds(shown["notAfter"]) if "notAfter" in shown else None
    days = None if ends is None else int((ends - time.time()) // 86_400)
    detail = f"{version}, the certificate ends in {days} days" if days is not None else str(version)
    if days is not None and days < SOON:
        return Check("TLS", "warning", detail, "tell whoever runs the service")
    return Check("TLS", "ok", detail)


def _clock(base: str) -> Iterator[Check]:
    """Yield how far this machine's clock is from that of the service. The request has no key."""
    try:
        began = time.time()
        answer = httpx.get(base, timeout=PATIENCE, follow_redirects=False)
        middle = (began + time.time()) / 2
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, ValueError, TypeError, OSError) as problem:
        yield Check("clock", "warning", f"not compared: {problem}", "")
        return
    except KeyError:
        yield Check("clock", "skipped", "the service does not say what time it is")
        return
    skew = theirs.timestamp() + 0.5 - middle  # the header has whole seconds
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC here"
    if abs(skew) > SKEW:
        yield Check(
            "clock", "warning", f"{now}, {skew:+.0f} s at the service", "set this machine's clock (NTP)"
        )
    else:
        yield Check("clock", "ok", f"{now}, less than {SKEW:g} s from the service")


def _round_trip(options: argparse.Namespace) -> Iterator[Check]:
    """Yield what one request for one event says about the key and the service."""
    began = time.monotonic()
    options.db = None
    try:
        with connected(options) as hh:
            event = hh.events.search(retry=False, timeout=PATIENCE).first()
    except (AuthenticationError, PermissionDeniedError) as problem:
        do = "set HH_API_KEY to the project key of this service"
        yield Check("key", "failed", str(problem), do)
    except NotFoundError as problem:
        yield Check(
            "round trip", "failed", str(problem), "HH_API_URL is not the events API: check host and path"
        )
    except APIConnectionError as problem:
        yield Check("round trip", "failed", str(problem), "try again; `--verbose` shows each request")
    except HoneyHiveError as problem:
        yield Check("round trip", "failed", str(problem), "see docs/failures.md")
    else:
        yield Check("key", "ok", "the service takes it")
        newest = "no event yet" if event is None else f"the newest event is {event.event_id}"
        yield Check("round trip", "ok", f"search in {_ms(began)}; {newest}")


def _ms(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
