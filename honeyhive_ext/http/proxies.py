"""Which proxy a base URL is called through: what HTTP_PROXY and its kin say, and NO_PROXY."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from base64 import b64encode
from typing import NamedTuple
from urllib.request import getproxies

import httpx

from honeyhive_ext.config.hosts import Address, address_of
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import ConfigError

_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+(%\w+)?")


class ProxySetting(NamedTuple):
    """A proxy, and the setting that names it.

    Attributes:
        variable: The environment variable, such as HTTPS_PROXY.
        proxy: The proxy itself.
    """

    variable: str
    proxy: httpx.Proxy


def proxy_for(base_url: str) -> ProxySetting | None:
    """Return the proxy for a URL, or None for a direct connection.

    `urllib.request.getproxies` reads the settings, so a proxy that is set in macOS or Windows counts too.

    Raises:
        ConfigError: The proxy cannot be used. The message names the variable and shows no password.
    """
    setting = _setting(httpx.URL(base_url))
    if setting is None:
        return None
    variable, url = setting
    proxy = proxy_at(url)
    if proxy is None:
        raise ConfigError(
            f"{variable} is not the URL of a proxy: write http://HOST:PORT, or list this host in NO_PROXY"
        )
    return ProxySetting(variable, proxy)


def _setting(url: httpx.URL) -> tuple[str, Secret] | None:
    """Return the variable that names the proxy, and its value, which can hold a password."""
    found = getproxies()
    for scheme in (url.scheme, "all"):
        text = found.get(scheme)
        if not text:
            continue
        if is_bypassed(url.host, url.port or (443 if url.scheme == "https" else 80), found.get("no", "")):
            return None
        return _variable(scheme), Secret(text)
    return None


def _variable(scheme: str) -> str:
    """Return the name under which a proxy is set; in lower case it wins, as everywhere."""
    lower = f"{scheme}_proxy"
    return lower if lower in os.environ else lower.upper()


def proxy_at(url: Secret) -> httpx.Proxy | None:
    """Return the proxy of a URL, or None if it is none. Errors of httpx could show a password."""
    text = url.reveal()
    with contextlib.suppress(ValueError, httpx.InvalidURL):
        proxy = httpx.Proxy(text if "://" in text else f"http://{text}")
        if _HOST.fullmatch(proxy.url.host) and 0 < (proxy.url.port or 1) < 65_536:
            return proxy
    return None


def secrets_of(proxy: httpx.Proxy) -> tuple[Secret, ...]:
    """Return what no text may show: the password, and the user with it, also as the proxy gets them."""
    if proxy.auth is None:
        return ()
    both = ":".join(proxy.auth)
    return Secret(proxy.auth[1]), Secret(both), Secret(b64encode(both.encode()).decode())


def is_bypassed(host: str, port: int, no_proxy: str) -> bool:
    """Return whether NO_PROXY lists a host.

    Args:
        host: The host of the URL, normalised, an IPv6 address without brackets.
        port: The port of the URL.
        no_proxy: Entries with commas or blanks between them: `*`, a name (with its subdomains, `.name` and
            `*.name` alike), an address, a network such as `10.0.0.0/8` or `fe80::/10`; IPv6 with or without
            brackets; all but networks also with `:PORT`. An entry that is none of these matches nothing.

    >>> is_bypassed("::1", 80, "localhost,[::1]"), is_bypassed("fe80::2", 80, "fe80::/10")
    (True, True)
    >>> is_bypassed("api.example.com", 443, "example.com:80")
    False
    """
    address = address_of(host)
    return any(
        _matches(entry.lower(), host, address, port) for entry in re.split(r"[,\s]+", no_proxy) if entry
    )


def _matches(entry: str, host: str, address: Address | None, port: int) -> bool:
    entry = entry.rpartition("://")[2]
    if entry == "*":
        return True
    name, wanted = _name_and_port(entry)
    if wanted is not None and wanted != port:
        return False
    if address is not None:
        try:
            return address in ipaddress.ip_network(name.strip("[]"), strict=False)
        except ValueError:
            return address == address_of(name)
    name = name.removeprefix("*").removeprefix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _name_and_port(entry: str) -> tuple[str, int | None]:
    """Split `name:port`, `[v6]:port`; a bare IPv6 address has no port."""
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d+)", entry)
    return (found[1], int(found[2])) if found else (entry, None)
